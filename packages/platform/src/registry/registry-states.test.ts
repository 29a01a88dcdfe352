import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChangeOrigin, Registry } from './registry.ts'
import { openTemporaryRegistry, type TemporaryRegistry } from './testing/temporary-registry.ts'

let temporary: TemporaryRegistry
let registry: Registry
let projects = 0

beforeAll(async () => {
  temporary = await openTemporaryRegistry()
  registry = temporary.registry
})
afterAll(() => temporary[Symbol.asyncDispose]())

/** What the rules say, as plain as they can be said. */
interface Model {
  name: string
  versions: { version: number; stage: string; tags: Record<string, string> }[]
  aliases: Record<string, number>
  next: number
}

type Step =
  | { type: 'version' }
  | { type: 'move'; version: number; to: string; archiveOthers: boolean }
  | { type: 'alias'; alias: string; version: number }
  | { type: 'unalias'; alias: string }
  | { type: 'tag'; version: number; key: string; value: string | null }
  | { type: 'delete'; version: number }
  | { type: 'rename'; name: string }

const version = fc.integer({ min: 1, max: 5 })
const alias = fc.constantFrom('champion', 'challenger', 'blue')
const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ type: fc.constant('version' as const) }),
    fc.record({
      type: fc.constant('move' as const),
      version,
      to: fc.constantFrom('none', 'Staging', 'PRODUCTION', 'Archived', 'canary'),
      archiveOthers: fc.boolean(),
    }),
    fc.record({ type: fc.constant('alias' as const), alias, version }),
    fc.record({ type: fc.constant('unalias' as const), alias }),
    fc.record({
      type: fc.constant('tag' as const),
      version,
      key: fc.constantFrom('a', 'b'),
      value: fc.constantFrom('1', '2', null),
    }),
    fc.record({ type: fc.constant('delete' as const), version }),
    fc.record({ type: fc.constant('rename' as const), name: fc.constantFrom('x', 'y', 'z') }),
  ),
  { minLength: 5, maxLength: 25 },
)

const canonical: Record<string, string> = {
  none: 'None',
  Staging: 'Staging',
  PRODUCTION: 'Production',
  Archived: 'Archived',
  canary: 'Canary',
}

/** The model after the step, or the code it is refused with. */
function predict(model: Model, step: Step): Model | string {
  const next = structuredClone(model)
  const wanted = 'version' in step ? next.versions.find((each) => each.version === step.version) : undefined
  if ('version' in step && step.type === 'move' && step.archiveOthers && ['none', 'Archived'].includes(step.to))
    return 'invalid_argument'
  if ('version' in step && wanted === undefined) return 'not_found'
  switch (step.type) {
    case 'version':
      next.versions.push({ version: next.next++, stage: 'None', tags: {} })
      break
    case 'move': {
      const to = canonical[step.to]!
      for (const other of next.versions)
        if (step.archiveOthers && other !== wanted && other.stage === to) other.stage = 'Archived'
      wanted!.stage = to
      break
    }
    case 'alias':
      next.aliases[step.alias] = step.version
      break
    case 'unalias':
      delete next.aliases[step.alias]
      break
    case 'tag':
      if (step.value === null) delete wanted!.tags[step.key]
      else wanted!.tags[step.key] = step.value
      break
    case 'delete':
      next.versions = next.versions.filter((each) => each !== wanted)
      for (const [key, pointed] of Object.entries(next.aliases)) if (pointed === step.version) delete next.aliases[key]
      break
    default:
      next.name = step.name
  }
  return next
}

async function apply(project: string, { name }: Model, step: Step, origin: ChangeOrigin): Promise<unknown> {
  const model = { project, name }
  switch (step.type) {
    case 'version':
      return await registry.versions.create({ ...model, source: 's3://b/x' }, origin)
    case 'move':
      return await registry.versions.transition({ ...model, version: step.version }, step, origin)
    case 'alias':
      return await registry.models.setAlias({ ...model, version: step.version }, step.alias, origin)
    case 'unalias':
      return await registry.models.removeAlias(model, step.alias, origin)
    case 'tag':
      return await registry.versions.setTags({ ...model, version: step.version }, { [step.key]: step.value }, origin)
    case 'delete':
      return await registry.versions.delete({ ...model, version: step.version }, origin)
    default:
      return await registry.models.rename(model, step.name, origin)
  }
}

const shape = (name: string, versions: readonly Model['versions'][number][], aliases: Record<string, number>) => ({
  name,
  aliases,
  versions: versions.map((each) => ({ version: each.version, stage: each.stage, tags: each.tags })),
})

test('whatever is done, the records follow the rules, and every moment can be told again from the history', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (chosen) => {
      const project = `project ${++projects}`
      const origin = (atMs: number): ChangeOrigin => ({ by: 'ada', via: 'test', atMs })
      await registry.stages.add(project, 'Canary', origin(0))
      await registry.models.create({ project, name: 'x' }, origin(0))
      let model: Model = { name: 'x', versions: [], aliases: {}, next: 1 }
      const moments: Model[] = [model]
      for (const [index, step] of chosen.entries()) {
        const after = predict(model, step)
        const done = apply(project, model, step, origin(index + 1))
        if (typeof after === 'string') await expect(done).rejects.toMatchObject({ code: after })
        else {
          await done
          model = after
        }
        moments.push(model)
      }
      const { versions } = await registry.versions.search({
        project,
        sort: [{ field: 'version', direction: 'ascending' }],
      })
      const { aliases } = await registry.models.get({ project, name: model.name })
      expect(shape(model.name, versions, aliases)).toEqual(shape(model.name, model.versions, model.aliases))
      for (const [timeMs, then] of moments.entries()) {
        const told = await registry.history.at({ project, name: then.name }, timeMs)
        expect(shape(told.name, told.versions, told.aliases)).toEqual(shape(then.name, then.versions, then.aliases))
      }
    }),
    { numRuns: 40 },
  )
})
