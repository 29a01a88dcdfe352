import type { JobPlan } from '../jobs/index.ts'
import type { TriggerFacts } from './schedules.ts'

const places = /\{\{\s*trigger\.([\w.-]+)\s*\}\}/g

function factAt(facts: TriggerFacts, path: string): unknown {
  let value: unknown = facts
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value))

function fill(value: unknown, facts: TriggerFacts): unknown {
  if (typeof value === 'string') {
    // A text that is nothing but one place becomes the value itself, whatever its type.
    const whole = /^\{\{\s*trigger\.([\w.-]+)\s*\}\}$/.exec(value)
    if (whole) return factAt(facts, whole[1]!) ?? null
    return value.replaceAll(places, (_place, path: string) => textOf(factAt(facts, path)))
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, facts))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, facts)]))
}

/** Parameters, inputs, labels, arguments and variables with what the trigger brought in the place of `{{trigger.…}}`. */
export function fillIn(job: JobPlan, facts: TriggerFacts): JobPlan {
  const { parameters, inputs, labels, arguments: words, program, environment } = job.task
  const texts = <Value>(value: Value): Value => mapTexts(fill(value, facts)) as Value
  return {
    ...job,
    task: {
      ...job.task,
      ...(parameters === undefined ? {} : { parameters: fill(parameters, facts) as Record<string, unknown> }),
      ...(inputs === undefined ? {} : { inputs: texts(inputs) }),
      ...(labels === undefined ? {} : { labels: texts(labels) }),
      ...(words === undefined ? {} : { arguments: texts(words) }),
      ...(program === undefined ? {} : { program: texts(program) }),
      ...(environment === undefined ? {} : { environment: texts(environment) }),
    },
  }
}

/** Where only texts may stand. */
const mapTexts = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(textOf)
  return Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, textOf(each)]))
}
