import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChangeOrigin, Registry } from './registry.ts'
import { openTemporaryRegistry, type TemporaryRegistry } from './testing/temporary-registry.ts'

const ada: ChangeOrigin = { by: 'ada', via: 'test' }
const because = (reason: string): ChangeOrigin => ({ ...ada, reason })

let temporary: TemporaryRegistry
let registry: Registry
let names = 0

beforeAll(async () => {
  temporary = await openTemporaryRegistry()
  registry = temporary.registry
})
afterAll(() => temporary[Symbol.asyncDispose]())

const newModel = async (versions = 0) => {
  const model = { project: 'default', name: `model ${++names}` }
  await registry.models.create(model, ada)
  for (let version = 1; version <= versions; version++)
    await registry.versions.create({ ...model, source: `s3://b/${version}` }, ada)
  return model
}
const refusedWith = (code: string, details: Record<string, unknown>) => ({ code, details: expect.objectContaining(details) })

describe('models', () => {
  test('a name is taken once per project, and free again once deleted', async () => {
    const model = { project: 'default', name: 'iris' }
    expect(await registry.models.create({ ...model, description: 'first', tags: { team: 'bio' } }, ada)).toMatchObject({
      ...model,
      description: 'first',
      tags: { team: 'bio' },
      aliases: {},
      latestVersions: [],
      createdAtMs: 1000,
      createdBy: 'ada',
    })
    await expect(registry.models.create(model, ada)).rejects.toMatchObject(
      refusedWith('already_exists', { record: 'model', taken: 'iris' }),
    )
    await registry.models.create({ project: 'other', name: 'iris' }, ada)
    await registry.versions.create({ ...model, source: 's3://b/1' }, ada)
    await registry.models.delete(model, ada)
    expect(await registry.models.find(model)).toBeUndefined()
    expect(await registry.versions.find({ ...model, version: 1 })).toBeUndefined()
    await expect(registry.models.delete(model, ada)).rejects.toMatchObject(refusedWith('not_found', { record: 'model' }))
    await registry.models.create(model, ada)
    expect((await registry.versions.create({ ...model, source: 's3://b/2' }, ada)).version).toBe(1)
  })

  test.each(['a%2Fb', 'a%252Fb', 'a%25252Fb'])('%s and a/b cannot live side by side', async (name) => {
    const project = `encoded ${name}`
    await registry.models.create({ project, name: 'a/b' }, ada)
    await expect(registry.models.create({ project, name }, ada)).rejects.toMatchObject(
      refusedWith('already_exists', { record: 'model', taken: 'a/b' }),
    )
    await registry.models.create({ project, name: 'c' }, ada)
    await expect(registry.models.rename({ project, name: 'c' }, name, ada)).rejects.toMatchObject({ code: 'already_exists' })
  })

  test('a rename takes versions, aliases, tags and history along', async () => {
    const model = await newModel(2)
    await registry.models.setAlias({ ...model, version: 2 }, 'champion', ada)
    const renamed = await registry.models.rename(model, `${model.name} new`, because('better name'))
    expect(renamed).toMatchObject({ name: `${model.name} new`, aliases: { champion: 2 } })
    expect(await registry.models.find(model)).toBeUndefined()
    const name = { ...model, name: renamed.name }
    expect((await registry.versions.ofAlias(name, 'champion')).version).toBe(2)
    expect(await registry.history.of(name)).toContainEqual(
      expect.objectContaining({ kind: 'model_renamed', before: model.name, after: renamed.name, reason: 'better name' }),
    )
  })

  test('tags and aliases do not count as an update, all else does', async () => {
    const model = await newModel(1)
    temporary.clock.now = 2000
    await registry.models.setTags(model, { a: '1' }, ada)
    await registry.models.setAlias({ ...model, version: 1 }, 'x', ada)
    expect((await registry.models.get(model)).updatedAtMs).toBe(1000)
    await registry.versions.transition({ ...model, version: 1 }, { to: 'Staging' }, ada)
    expect((await registry.models.get(model)).updatedAtMs).toBe(2000)
    temporary.clock.now = 1000
  })

  test.each([
    ['', 'is empty'],
    ['x'.repeat(257), '256 are allowed'],
    ['a\0b', 'NUL'],
    ['a\uD800', 'surrogate'],
  ])('the name %j is refused', async (name, reason) => {
    await expect(registry.models.create({ project: 'default', name }, ada)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(reason),
    })
  })

  test('a refused tag leaves nothing half-written', async () => {
    const model = await newModel()
    await expect(registry.models.setTags(model, { fine: '1', long: 'x'.repeat(100_001) }, ada)).rejects.toMatchObject({
      code: 'invalid_argument',
    })
    expect((await registry.models.get(model)).tags).toEqual({})
    await registry.models.setTags(model, { fine: 'x'.repeat(100_000) }, ada)
    await registry.models.setTags(model, { fine: null, missing: null }, ada)
    expect((await registry.models.get(model)).tags).toEqual({})
  })
})

describe('versions', () => {
  test('numbers are consecutive from two processes at once, and never given again', async () => {
    const model = await newModel()
    const other = await temporary.openAnother()
    const made = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        (at % 2 ? registry : other).versions.create({ ...model, source: `s3://b/${at}` }, ada),
      ),
    )
    expect(made.map((version) => version.version).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 40 }, (_, at) => at + 1),
    )
    await registry.versions.delete({ ...model, version: 40 }, ada)
    expect((await registry.versions.create({ ...model, source: 's3://b/x' }, ada)).version).toBe(41)
    await expect(registry.versions.delete({ ...model, version: 40 }, ada)).rejects.toMatchObject(
      refusedWith('not_found', { record: 'version' }),
    )
  })

  test('a version needs its model, or is told to make it', async () => {
    const version = { project: 'default', name: 'made by its version', source: 's3://b/1' }
    await expect(registry.versions.create(version, ada)).rejects.toMatchObject(refusedWith('not_found', { record: 'model' }))
    expect(await registry.versions.create(version, ada, { makeModel: true })).toMatchObject({
      version: 1,
      stage: 'None',
      status: 'ready',
    })
  })

  test('a copy has the bytes, run and artifact of what it was copied from, and outlives it', async () => {
    const model = await newModel()
    await registry.versions.create(
      { ...model, source: 'runs:/r1/model', location: '/artifacts/r1/model', runId: 'r1', artifactId: 'a1' },
      ada,
    )
    const copyName = { project: 'default', name: `${model.name} copy` }
    const copy = await registry.versions.create({ ...copyName, source: `models:/${model.name}/1` }, ada, { makeModel: true })
    expect(copy).toMatchObject({
      location: '/artifacts/r1/model',
      runId: 'r1',
      artifactId: 'a1',
      source: `models:/${model.name}/1`,
    })
    await registry.models.delete(model, ada)
    expect((await registry.versions.get({ ...copyName, version: 1 })).location).toBe('/artifacts/r1/model')
    await expect(registry.versions.create({ ...copyName, source: `models:/${model.name}/1` }, ada)).rejects.toMatchObject({
      code: 'not_found',
    })
    await expect(registry.versions.create({ ...copyName, source: 'models:/x@alias' }, ada)).rejects.toMatchObject({
      code: 'invalid_argument',
    })
  })

  test('who takes over a stage archives the others in it, and only those', async () => {
    const model = await newModel(4)
    for (const version of [1, 2]) await registry.versions.transition({ ...model, version }, { to: 'production' }, ada)
    await registry.versions.transition({ ...model, version: 3 }, { to: 'Staging' }, ada)
    const moved = await registry.versions.transition({ ...model, version: 4 }, { to: 'PRODUCTION', archiveOthers: true }, ada)
    expect(moved.stage).toBe('Production')
    const stages = await Promise.all([1, 2, 3, 4].map((version) => registry.versions.get({ ...model, version })))
    expect(stages.map((version) => version.stage)).toEqual(['Archived', 'Archived', 'Staging', 'Production'])
    expect((await registry.versions.latest(model)).map(({ stage, version }) => [stage, version])).toEqual([
      ['Archived', 2],
      ['Staging', 3],
      ['Production', 4],
    ])
    expect((await registry.versions.latest(model, ['staging'])).map(({ version }) => version)).toEqual([3])
    for (const to of ['None', 'Archived'])
      await expect(
        registry.versions.transition({ ...model, version: 1 }, { to, archiveOthers: true }, ada),
      ).rejects.toMatchObject(refusedWith('invalid_argument', { record: 'stage', rule: 'not_active' }))
  })

  test('who takes over a stage it has already stays in it, and nothing is remembered', async () => {
    const model = await newModel(1)
    const version = { ...model, version: 1 }
    await registry.versions.transition(version, { to: 'Production' }, ada)
    const before = await registry.history.of(model)
    expect((await registry.versions.transition(version, { to: 'Production', archiveOthers: true }, ada)).stage).toBe('Production')
    expect(await registry.history.of(model)).toEqual(before)
  })

  test('a stage of the project can be added, and is known whatever its case', async () => {
    const model = { project: 'staged', name: 'm' }
    await registry.versions.create({ ...model, source: 's3://b/1' }, ada, { makeModel: true })
    await expect(registry.versions.transition({ ...model, version: 1 }, { to: 'Canary' }, ada)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: "There is no stage 'Canary'; the stages are None, Staging, Production, Archived.",
    })
    expect(await registry.stages.add('staged', 'Canary', ada)).toBe('Canary')
    expect(await registry.stages.add('staged', 'CANARY', ada)).toBe('Canary')
    expect(await registry.stages.add('staged', 'production', ada)).toBe('Production')
    expect(await registry.stages.list('staged')).toEqual(['None', 'Staging', 'Production', 'Archived', 'Canary'])
    expect(await registry.stages.list('default')).not.toContain('Canary')
    expect((await registry.versions.transition({ ...model, version: 1 }, { to: 'canary', archiveOthers: true }, ada)).stage).toBe(
      'Canary',
    )
    for (const name of ['', '1st', 'a/b', 'a@b', ' x', 'latest', 'x'.repeat(51)])
      await expect(registry.stages.add('staged', name, ada), name).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})

describe('aliases', () => {
  test('an alias moves, and goes with its version', async () => {
    const model = await newModel(3)
    await registry.models.setAlias({ ...model, version: 1 }, 'champion', ada)
    await registry.models.setAlias({ ...model, version: 2 }, 'champion', because('better'))
    await registry.models.setAlias({ ...model, version: 2 }, 'Champion', ada)
    expect((await registry.models.get(model)).aliases).toEqual({ Champion: 2, champion: 2 })
    expect((await registry.versions.get({ ...model, version: 2 })).aliases).toEqual(['Champion', 'champion'])
    expect((await registry.versions.ofAlias(model, 'latest')).version).toBe(3)
    await registry.versions.delete({ ...model, version: 2 }, ada)
    expect((await registry.models.get(model)).aliases).toEqual({})
    await expect(registry.versions.ofAlias(model, 'champion')).rejects.toMatchObject(
      refusedWith('not_found', { record: 'alias' }),
    )
    await registry.models.removeAlias(model, 'champion', ada)
    await expect(registry.models.setAlias({ ...model, version: 2 }, 'x', ada)).rejects.toMatchObject(
      refusedWith('not_found', { record: 'version' }),
    )
    expect(
      (await registry.history.of(model, { version: 1 })).map(({ kind, before, after, reason }) => [kind, before, after, reason]),
    ).toEqual([
      ['version_created', null, 's3://b/1', null],
      ['alias_set', null, '1', null],
      ['alias_set', '1', '2', 'better'],
    ])
  })

  test.each([
    ['', 'empty'],
    ['a b', 'characters'],
    ['a/b', 'characters'],
    ['Latest', 'latest'],
    ['v1', 'version'],
    ['V22', 'version'],
    ['x'.repeat(256), 'length'],
  ])('the alias %j is refused', async (alias, rule) => {
    const model = await newModel(1)
    await expect(registry.models.setAlias({ ...model, version: 1 }, alias, ada)).rejects.toMatchObject(
      refusedWith('invalid_argument', { record: 'alias', rule }),
    )
  })
})

describe('history', () => {
  test('a change that changes nothing leaves no event', async () => {
    const model = await newModel(1)
    const version = { ...model, version: 1 }
    const repeat = async () => {
      await registry.versions.transition(version, { to: 'Staging' }, ada)
      await registry.models.setAlias(version, 'a', ada)
      await registry.models.setTags(model, { k: 'v' }, ada)
      await registry.versions.setTags(version, { k: 'v' }, ada)
      await registry.models.describe(model, 'text', ada)
      await registry.versions.describe(version, 'text', ada)
      await registry.versions.setStatus(version, 'pending', null, ada)
    }
    await repeat()
    const before = await registry.history.of(model)
    await repeat()
    expect(await registry.history.of(model)).toEqual(before)
    expect(before.map((event) => event.kind)).toEqual([
      'model_created',
      'version_created',
      'stage_changed',
      'alias_set',
      'tag_set',
      'tag_set',
      'description_changed',
      'description_changed',
      'status_changed',
    ])
  })

  test('tells who had the name then, through renames and deletions', async () => {
    const project = 'names'
    const at = (atMs: number): ChangeOrigin => ({ ...ada, atMs })
    await registry.models.create({ project, name: 'fraud' }, at(10))
    await registry.versions.create({ project, name: 'fraud', source: 's3://b/old' }, at(20))
    await registry.versions.transition(
      { project, name: 'fraud', version: 1 },
      { to: 'Production' },
      { ...at(30), reason: 'first' },
    )
    await registry.models.rename({ project, name: 'fraud' }, 'fraud-old', at(40))
    await registry.versions.create({ project, name: 'fraud', source: 's3://b/new' }, at(50), { makeModel: true })
    await registry.models.delete({ project, name: 'fraud-old' }, at(60))
    const sources = async (name: string, timeMs: number) =>
      (await registry.history.at({ project, name }, timeMs)).versions.map(({ source, stage }) => [source, stage])
    expect(await sources('fraud', 30)).toEqual([['s3://b/old', 'Production']])
    expect(await sources('fraud', 29)).toEqual([['s3://b/old', 'None']])
    expect(await sources('fraud-old', 59)).toEqual([['s3://b/old', 'Production']])
    expect(await sources('fraud', 60)).toEqual([['s3://b/new', 'None']])
    for (const [name, timeMs] of [
      ['fraud', 9],
      ['fraud', 45],
      ['fraud-old', 39],
      ['fraud-old', 60],
    ] as const)
      await expect(registry.history.at({ project, name }, timeMs), `${name} ${timeMs}`).rejects.toMatchObject({
        code: 'not_found',
      })
    const [production] = (await registry.history.at({ project, name: 'fraud' }, 35)).versions
    expect(production).toMatchObject({ stageSinceMs: 30, stageBy: 'ada', stageReason: 'first' })
    expect((await registry.history.of({ project, name: 'fraud-old' })).at(-1)).toMatchObject({ kind: 'model_deleted', atMs: 60 })
  })
})
