import type { Resources, Task } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import { durationMs } from './function-fields.ts'
import type { FunctionVersion } from './functions.ts'

/**
 * What is known of a run of a version before its code is laid out, which is all that a queue and the run's record have to know: names,
 * default parameters that the handler takes, resources, retries, time limits, and the version in the label `function`.
 */
export function outlineFunction(
  { project, name, reference, spec }: Pick<FunctionVersion, 'project' | 'name' | 'reference' | 'spec'>,
  asked: { handler?: string | undefined } = {},
): Task {
  const timeoutMs = durationMs(spec.timeouts?.['executing'] ?? null)
  const pendingTimeoutMs = durationMs(spec.timeouts?.['pending_scheduled'] ?? null)
  const resources = resourcesOf(spec)
  return {
    name,
    project,
    experiment: name,
    ...(spec.retries === undefined ? {} : { retries: spec.retries.count }),
    ...(spec.retries?.backoffMs === undefined ? {} : { retryPauseMs: spec.retries.backoffMs }),
    ...(timeoutMs === undefined || timeoutMs === 0 ? {} : { timeoutMs }),
    ...(pendingTimeoutMs === undefined || pendingTimeoutMs === 0 ? {} : { pendingTimeoutMs }),
    ...(resources === undefined ? {} : { resources }),
    ...defaultsFor(spec, asked.handler ?? handlerName(spec)),
    labels: { function: reference },
  }
}

/** The callable itself, without the module that a source may name before it. */
export const handlerName = ({ handler }: Pick<FunctionSpec, 'handler'>): string | undefined => handler?.split(/[.:]/).at(-1)

/** Defaults that the callable takes: another handler of the same code need not take all of them. */
function defaultsFor({ parameters, entryPoints = {} }: FunctionSpec, handler: string | undefined): Pick<Task, 'parameters'> {
  if (parameters === undefined) return {}
  const point = handler === undefined ? undefined : entryPoints[handler]
  if (point === undefined || point.hasKwargs) return { parameters }
  const taken = new Set(point.parameters.map(({ name }) => name))
  return { parameters: Object.fromEntries(Object.entries(parameters).filter(([name]) => taken.has(name))) }
}

/** What is set aside for it: what it asks for, else what it may use at most. */
function resourcesOf({ resources = {} }: FunctionSpec): Resources | undefined {
  const amounts = { ...resources.limits, ...resources.requests }
  const gpus = Number(resources.limits?.['gpu'] ?? amounts['gpu'] ?? Number.NaN)
  const found: Resources = {
    ...(amounts['cpu'] === undefined ? {} : { cpu: amounts['cpu'] }),
    ...(amounts['memory'] === undefined ? {} : { memory: amounts['memory'] }),
    ...(Number.isInteger(gpus) && gpus >= 0 ? { gpus } : {}),
    ...limitOf('cpuLimit', resources.limits?.['cpu'], amounts['cpu']),
    ...limitOf('memoryLimit', resources.limits?.['memory'], amounts['memory']),
  }
  return Object.keys(found).length === 0 ? undefined : found
}

type Amount = string | number | undefined

/** Where it is more than what is set aside. */
const limitOf = (name: 'cpuLimit' | 'memoryLimit', limit: Amount, setAside: Amount): Resources =>
  limit === undefined || limit === setAside ? {} : { [name]: limit }

/** What is asked for goes over what the function has; tables are merged key by key. */
export const overFunction = (task: Task, asked: Task): Task => ({
  ...task,
  ...asked,
  ...merged('parameters', task, asked),
  ...merged('inputs', task, asked),
  ...merged('environment', task, asked),
  ...merged('environmentSecrets', task, asked),
  ...merged('resources', task, asked),
  labels: { ...asked.labels, ...task.labels },
})

type MergedKey = 'parameters' | 'inputs' | 'environment' | 'environmentSecrets' | 'resources'

function merged(key: MergedKey, task: Task, asked: Task): Partial<Task> {
  if (task[key] === undefined && asked[key] === undefined) return {}
  return { [key]: { ...task[key], ...asked[key] } }
}
