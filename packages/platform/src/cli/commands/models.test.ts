import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRunId } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCli } from '../cli.ts'
import { openSession, type Session } from '../session.ts'
import { memoryStream, type Outcome, runMain } from '../testing/memory-terminal.ts'

const startMs = Date.UTC(2026, 2, 1, 12)
const minuteMs = 60_000

let folder: string
let nowMs: number
const ids: string[] = []

const environment = { USER: 'ada', LOGNAME: 'ada', TZ: 'UTC' }
const trainyard = (...argv: string[]): Promise<Outcome> =>
  runMain(argv, { workingDirectory: folder, environment, nowMs: () => nowMs })
interface Answer {
  versions: { version: number; stage: string }[]
  events: { kind: string; version: number | null; after: string | null; reason: string | null; via: string }[]
  model: { versions: { version: number; stage: string }[] } | null
}
const json = async (...argv: string[]): Promise<Answer> => JSON.parse((await trainyard(...argv, '--json')).stdout) as Answer

async function addRun(
  { tracking, directory }: Session,
  name: string,
  accuracy: number,
  models: readonly string[],
): Promise<void> {
  const id = newRunId(startMs)
  ids.push(id)
  const outPath = join(directory.artifacts, 'default', id)
  await tracking.runs.create({
    id,
    name,
    project: 'default',
    experiment: 'iris',
    kind: 'run',
    state: 'running',
    createdAtMs: startMs,
    owner: 'ada',
    host: 'lab',
    outPath,
    parameters: { eta: accuracy / 2, depth: 6 },
  })
  await tracking.metrics.append(id, [{ key: 'accuracy', step: 0, timeMs: startMs, value: accuracy }])
  mkdirSync(outPath, { recursive: true })
  for (const key of models) {
    writeFileSync(join(outPath, key), key)
    await tracking.artifacts.add({
      key,
      kind: 'model',
      runId: id,
      project: 'default',
      iteration: 0,
      target: join(outPath, key),
      createdAtMs: startMs,
      sizeBytes: key.length,
      sha256: 'ab'.repeat(32),
    })
  }
  await tracking.runs.transition(id, { to: 'completed', atMs: startMs })
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-models-'))
  nowMs = startMs
  ids.length = 0
  const { stream } = memoryStream()
  const cli = createCli([], { workingDirectory: folder, environment: {}, stdout: stream, stderr: stream })
  await using session = await openSession(cli, { create: true })
  await addRun(session, 'first', 0.9, ['model'])
  await addRun(session, 'second', 0.95, ['model'])
  await addRun(session, 'two', 0.5, ['a', 'b'])
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const afterMinutes = (minutes: number): void => {
  nowMs = startMs + minutes * minuteMs
}

/** Two versions; the second took over production after an hour. */
async function registerTwo(): Promise<void> {
  await trainyard('models', 'register', 'iris', 'first', '--stage', 'production', '--alias', 'champion', '--reason', 'the first')
  afterMinutes(60)
  await trainyard('models', 'register', 'iris', 'second/model', '--tag', 'reviewed=yes')
  await trainyard('models', 'promote', 'iris/2', 'production', '--reason', 'accuracy 0.95')
  await trainyard('models', 'alias', 'iris/2', 'champion')
}

describe('register', () => {
  test('a run with one model is enough; model, version, lineage and history are made together', async () => {
    const outcome = await trainyard('models', 'register', 'iris', 'first', '--alias', 'champion', '--stage', 'staging')
    expect(outcome).toMatchObject({ code: 0, stderr: `Registered iris/1 from runs:/${ids[0]}/model.\n` })
    expect(await json('models', 'show', 'iris@champion')).toMatchObject({
      version: {
        name: 'iris',
        version: 1,
        stage: 'Staging',
        source: `runs:/${ids[0]}/model`,
        location: join(folder, '.trainyard', 'artifacts', 'default', ids[0]!, 'model'),
        runId: ids[0],
        aliases: ['champion'],
      },
      run: { name: 'first', parameters: { eta: 0.45 } },
      artifact: { key: 'model', sizeBytes: 5 },
    })
    const { stdout } = await trainyard('models', 'show', 'iris/1')
    for (const line of [/^stage +Staging$/m, /^ +param eta +0\.45$/m, /^ +result accuracy +0\.9$/m, /None → Staging/])
      expect(stdout).toMatch(line)
  })

  test('what cannot be registered is refused whole', async () => {
    expect(await trainyard('models', 'register', 'iris', 'two')).toMatchObject({
      code: 2,
      stderr: 'error: The run two has 2 models; say which.\nhint: one of two/a, two/b\n',
    })
    expect((await trainyard('models', 'register', 'iris', 'nothing')).code).toBe(3)
    expect((await trainyard('models', 'register', 'iris', 'first', '--alias', 'v1')).code).toBe(2)
    expect((await trainyard('models', 'register', 'iris', 'first', '--stage', 'Prodution')).stderr).toContain(
      'did you mean Production',
    )
    expect((await trainyard('models', 'ls')).stderr).toBe('There are no registered models.\n')
  })

  test('files elsewhere and copies of versions can be registered', async () => {
    await trainyard('models', 'register', 'iris', 's3://bucket/iris.onnx')
    await trainyard('models', 'register', 'prod-iris', 'models:/iris/1')
    expect((await trainyard('models', 'show', 'prod-iris/1', '-q')).stdout).toBe('s3://bucket/iris.onnx\n')
  })
})

describe('what an MLflow client logged', () => {
  test('is registered by its run or its id, with the folder it lies in', async () => {
    const id = `m-${ids[2]}`
    const { stream } = memoryStream()
    {
      const cli = createCli([], { workingDirectory: folder, environment: {}, stdout: stream, stderr: stream })
      await using session = await openSession(cli, { create: false })
      const runId = newRunId(startMs)
      const { id: experimentId } = (await session.tracking.experiments.findByName('default', 'iris'))!
      await session.tracking.reported.create({
        id: runId,
        experimentId,
        name: 'client',
        kind: 'run',
        state: 'running',
        owner: 'ada',
        host: 'lab',
        outPath: join(folder, 'client'),
      })
      await session.tracking.loggedModels.create({ id, experimentId, name: 'm', sourceRunId: runId })
      await session.tracking.loggedModels.link(runId, [{ modelId: id, direction: 'output', step: 0 }])
    }
    for (const what of ['client', id, `models:/${id}`]) {
      expect((await trainyard('models', 'register', 'logged', what)).stderr).toMatch(`from models:/${id}.`)
      expect((await trainyard('models', 'show', 'logged/latest', '-q')).stdout).toBe(
        `${join(folder, '.trainyard', 'artifacts', 'default', 'models', id)}\n`,
      )
    }
    expect((await trainyard('models', 'register', 'logged', `m-${'0'.repeat(32)}`)).code).toBe(3)
  })
})

describe('promote and alias', () => {
  test('a version takes over its stage and says what it replaced', async () => {
    await registerTwo()
    expect((await trainyard('models', 'ls')).stdout.split('\n')).toEqual([
      'model  newest  stages        aliases      changed  description',
      'iris        2  Production 2  @champion 2      now',
      '',
    ])
    expect(await trainyard('models', 'promote', 'iris/1', 'production')).toMatchObject({
      code: 0,
      stderr: 'iris/1: Archived → Production; archived iris/2.\n',
    })
    expect((await trainyard('models', 'promote', 'iris/2', 'Production', '--keep')).stderr).toBe(
      'iris/2: Archived → Production.\n',
    )
    expect((await json('models', 'show', 'iris')).versions.map((version) => [version.version, version.stage])).toEqual([
      [2, 'Production'],
      [1, 'Production'],
    ])
  })

  test('a stage of our own is made when asked for', async () => {
    await registerTwo()
    expect(await trainyard('models', 'promote', 'iris/1', 'Canary')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('hint: add --new-stage to make it'),
    })
    expect((await trainyard('models', 'promote', 'iris/1', 'Canary', '--new-stage')).stderr).toBe('iris/1: Archived → Canary.\n')
    expect((await trainyard('models', 'show', 'iris/canary', '--json')).code).toBe(0)
  })

  test('aliases are put on and taken off; a model without a version is not enough to put one on', async () => {
    await registerTwo()
    expect((await trainyard('models', 'alias', 'iris/1', 'old', 'first')).stderr).toBe(
      'iris: @champion → 2, @first → 1, @old → 1.\n',
    )
    expect((await trainyard('models', 'alias', 'iris', 'old-', 'champion-')).stderr).toBe('iris: @first → 1.\n')
    expect(await trainyard('models', 'alias', 'iris', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Say which version of 'iris'"),
    })
    expect((await trainyard('models', 'alias', 'iris/9', 'x')).code).toBe(3)
    expect(await trainyard('models', 'alias', 'iriss/1', 'x')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('did you mean iris?'),
    })
  })
})

describe('diff and history', () => {
  test('diff shows what the runs did differently', async () => {
    await registerTwo()
    const { stdout } = await trainyard('models', 'diff', 'iris/1', 'production')
    for (const line of [
      /iris\/1 +iris\/2 +change$/m,
      /^ {2}reviewed +- +yes/m,
      /^ {2}eta +0\.45 +0\.475 +\+0\.025/m,
      /^ {2}accuracy +0\.9 +0\.95/m,
    ])
      expect(stdout).toMatch(line)
    expect(stdout).not.toContain('depth')
    expect((await trainyard('models', 'diff', 'iris@champion', '1', '--all')).stdout).toContain('depth')
    expect(await json('models', 'diff', 'iris/1', 'iris/2')).toMatchObject({
      sections: { Tags: [{ key: 'reviewed', differs: true }] },
    })
    expect((await trainyard('models', 'diff', 'iris/1')).code).toBe(2)
  })

  test('history tells who, when and why, and what was in production at a moment', async () => {
    await registerTwo()
    const { events } = await json('models', 'history', 'iris')
    expect(events.map(({ kind, version, after, reason, via }) => [kind, version, after, reason, via])).toEqual([
      ['model_created', null, 'iris', 'the first', 'cli'],
      ['version_created', 1, `runs:/${ids[0]}/model`, 'the first', 'cli'],
      ['alias_set', 1, '1', 'the first', 'cli'],
      ['stage_changed', 1, 'Production', 'the first', 'cli'],
      ['version_created', 2, `runs:/${ids[1]}/model`, null, 'cli'],
      ['tag_set', 2, 'yes', null, 'cli'],
      ['stage_changed', 1, 'Archived', 'accuracy 0.95', 'cli'],
      ['stage_changed', 2, 'Production', 'accuracy 0.95', 'cli'],
      ['alias_set', 2, '2', null, 'cli'],
    ])
    expect((await trainyard('models', 'history', 'iris/1')).stdout).toMatch(/Production → Archived .*accuracy 0\.95/)
    afterMinutes(90)
    const stages = async (at: string) =>
      (await json('models', 'history', 'iris', '--at', at)).model?.versions.map((version) => [version.version, version.stage])
    expect(await stages('1h')).toEqual([[1, 'Production']])
    expect(await stages('10m')).toEqual([
      [1, 'Archived'],
      [2, 'Production'],
    ])
    expect(await stages('2d')).toBeUndefined()
    const then = await trainyard('models', 'history', 'iris', '--at', '40m')
    expect(then.stderr).toMatch(/^iris at .*, with version 1 in production:\n$/)
    expect(then.stdout).toMatch(/^ +1 {2}Production .* @champion .*the first$/m)
    expect((await trainyard('models', 'history', 'other')).code).toBe(3)
    expect((await trainyard('models', 'history', 'iris', '--at', 'soon')).code).toBe(2)
  })
})

describe('what hangs on a registered version', () => {
  test('emptying the trash keeps the run that made it, until the version is deleted', async () => {
    await trainyard('models', 'register', 'iris', 'first')
    await trainyard('rm', 'first', 'second')
    const outcome = await trainyard('trash', 'empty', '--yes')
    expect(outcome.stderr).toMatch(/^warning: [0-9a-f]{12} stays: it made iris\/1, which is registered\.\nDeleted 1 run; /)
    expect(existsSync((await trainyard('models', 'show', 'iris/1', '-q')).stdout.trim())).toBe(true)
    expect((await trainyard('trash', 'ls', '-q')).stdout.trim()).toBe(ids[0])
  })

  test.each([
    [['models', 'show', 'i'], ['iris']],
    [['models', 'promote', 'iris/'], ['iris/1']],
  ])('completion of %j', async (words, candidates) => {
    await trainyard('models', 'register', 'iris', 'first')
    expect((await trainyard('__complete', '--', ...words)).stdout.trim().split('\n')).toEqual(candidates)
  })
})

describe('tending a model', () => {
  test('tags and descriptions of models and versions are set and taken away', async () => {
    await registerTwo()
    expect((await trainyard('models', 'tag', 'iris', 'team=vision', 'tier=1')).stderr).toBe('iris: team=vision, tier=1.\n')
    expect((await trainyard('models', 'tag', 'iris', 'tier-')).stderr).toBe('iris: team=vision.\n')
    expect((await trainyard('models', 'tag', 'iris/2', 'reviewed-')).stderr).toBe('iris/2: no tags.\n')
    expect((await trainyard('models', 'tag', 'iris', 'plain')).stderr).toMatch(/^error: 'plain' is no tag/)
    await trainyard('models', 'describe', 'iris@champion', 'without leakage')
    expect((await trainyard('models', 'show', 'iris/2')).stdout).toContain('without leakage')
    expect((await trainyard('models', 'describe', 'iris/2', '')).stderr).toBe('iris/2: no description.\n')
  })

  test('a renamed model keeps its versions, aliases and history, and frees its name', async () => {
    await registerTwo()
    expect((await trainyard('models', 'rename', 'iris', 'flowers')).stderr).toBe('iris is flowers from now on.\n')
    expect((await trainyard('models', 'show', 'flowers@champion', '-q')).code).toBe(0)
    expect((await trainyard('models', 'show', 'iris')).code).toBe(3)
    expect((await trainyard('models', 'rename', 'flowers/1', 'x')).code).toBe(2)
    await trainyard('models', 'register', 'iris', 'first')
    expect((await trainyard('models', 'rename', 'flowers', 'iris')).code).toBe(4)
  })

  test('what is in use is not removed without a yes, and what was removed stays in the history', async () => {
    await registerTwo()
    const refused = await trainyard('models', 'rm', 'iris/2')
    expect([refused.code, refused.stderr]).toEqual([
      4,
      expect.stringContaining('iris/2 is in Production and @champion. Remove it?'),
    ])
    expect((await trainyard('models', 'rm', 'iris/1', '--reason', 'too old')).stderr).toBe('Removed iris/1.\n')
    expect((await trainyard('models', 'rm', 'iris')).code).toBe(4)
    expect((await trainyard('models', 'rm', 'iris', '--yes')).code).toBe(0)
    const { events } = await json('models', 'history', 'iris')
    expect(events.slice(-3).map(({ kind, version }) => [kind, version])).toEqual([
      ['version_deleted', 1],
      ['alias_removed', 2],
      ['model_deleted', null],
    ])
  })

  test('a copy in another project has the files, the run, the tags and a history that says where it came from', async () => {
    await registerTwo()
    expect((await trainyard('models', 'copy', 'iris@champion')).code).toBe(2)
    const { stderr } = await trainyard('models', 'copy', 'iris@champion', '--to', 'live', '--stage', 'production')
    expect(stderr).toBe('iris/2 is iris/1 in project live too.\n')
    const paths = [
      await trainyard('models', 'show', 'iris/2', '-q'),
      await trainyard('models', 'show', 'iris/1', '-q', '--project', 'live'),
    ]
    expect(paths[0]!.stdout).toBe(paths[1]!.stdout)
    const { events } = await json('models', 'history', 'iris', '--project', 'live')
    expect(events[1]).toMatchObject({ kind: 'version_created', reason: 'copy of iris/2 of project default' })
    expect(events.at(-1)).toMatchObject({ kind: 'stage_changed', after: 'Production' })
    expect((await trainyard('models', 'copy', 'iris/2', 'mobile', '-q')).stdout).toBe('mobile/1\n')
  })
})
