import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { newRunId } from '@trainyard/contract'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openDatabase } from '../database/index.ts'
import { createCli } from './cli.ts'
import { openSession, type Session } from './session.ts'
import { memoryStream, type Outcome, runMain } from './testing/memory-terminal.ts'

const nowMs = Date.UTC(2026, 2, 1, 12)
const minuteMs = 60_000

let folder: string
const ids: Record<string, string> = {}

/** Records as a session of the product makes them, then commands on them in this process. */
async function withSession(use: (session: Session) => Promise<void>): Promise<void> {
  await using session = await openSession(
    createCli([], { workingDirectory: folder, environment: {}, stdout: memoryStream().stream, stderr: memoryStream().stream }),
    {
      create: true,
    },
  )
  await use(session)
}

const trainyard = (...argv: string[]): Promise<Outcome> => runMain(argv, { workingDirectory: folder, nowMs: () => nowMs })

async function addRun(
  { tracking, directory }: Session,
  name: string,
  ageMinutes: number,
  results: Record<string, number>,
): Promise<string> {
  const createdAtMs = nowMs - ageMinutes * minuteMs
  const id = newRunId(createdAtMs)
  ids[name] = id
  const outPath = join(directory.artifacts, 'default', id)
  await tracking.runs.create({
    id,
    name,
    project: 'default',
    experiment: 'iris',
    kind: 'run',
    state: 'running',
    createdAtMs,
    owner: 'ada',
    host: 'lab',
    outPath,
    parameters: { eta: ageMinutes / 10, depth: 6 },
  })
  await tracking.metrics.append(
    id,
    Object.entries(results).flatMap(([key, value]) => [
      { key, step: 0, timeMs: createdAtMs, value: value / 2 },
      { key, step: 1, timeMs: createdAtMs, value },
    ]),
  )
  await tracking.logs.append(id, [{ offset: 0, timeMs: createdAtMs, bytes: Buffer.from(`start ${name}\nepoch 1\n`) }])
  await tracking.logs.append(id, [
    {
      offset: Buffer.byteLength(`start ${name}\nepoch 1\n`),
      timeMs: createdAtMs,
      bytes: Buffer.from([0xff, 0x1b, 0x5b, 0x6d, 0x0a]),
    },
  ])
  await tracking.runs.transition(id, { to: 'completed', atMs: createdAtMs + 90_000 })
  return id
}

async function addArtifact({ tracking }: Session, runId: string, key: string, target: string, text: string): Promise<void> {
  mkdirSync(join(target, '..'), { recursive: true })
  writeFileSync(target, text)
  await tracking.artifacts.add({
    key,
    kind: 'file',
    runId,
    project: 'default',
    iteration: 0,
    target,
    createdAtMs: nowMs,
    sizeBytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  })
}

async function makeRecords(): Promise<() => void> {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-cli-'))
  await withSession(async (session) => {
    await addRun(session, 'first', 30, { accuracy: 0.8 })
    ids['second'] = await addRun(session, 'second\u001b[2J', 20, { accuracy: 0.95 })
    const third = await addRun(session, 'third', 10, { accuracy: Number.NaN })
    await addArtifact(session, third, 'model', join(session.directory.artifacts, 'default', third, 'model.txt'), 'weights')
    await addArtifact(session, third, 'input', join(folder, 'data.csv'), 'a,b\n')
  })
  const made = folder
  return () => rmSync(made, { recursive: true, force: true })
}

describe('ls', () => {
  beforeAll(makeRecords)

  test('lists the newest first, with what tells the runs apart, and keeps control characters harmless', async () => {
    const { code, stdout } = await trainyard('ls')
    expect(code).toBe(0)
    expect(stdout.split('\n')).toEqual([
      'run           name        state        age    took  accuracy  eta  depth',
      `${ids['third']!.slice(0, 12)}  third       ✔ completed  10m  1m 30s       NaN    1      6`,
      `${ids['second']!.slice(0, 12)}  second␛[2J  ✔ completed  20m  1m 30s      0.95    2      6`,
      `${ids['first']!.slice(0, 12)}  first       ✔ completed  30m  1m 30s       0.8    3      6`,
      '',
    ])
  })

  test('filters, sorts, limits and picks columns', async () => {
    const { stdout } = await trainyard(
      'ls',
      '--filter',
      'metrics.accuracy > 0.5',
      '--sort',
      'metrics.accuracy',
      '--columns',
      'name, metrics.accuracy, params.eta, created',
    )
    expect(
      stdout
        .split('\n')
        .slice(1)
        .map((line) => line.split(/\s+/)[0]),
    ).toEqual(['first', 'second␛[2J', ''])
    const limited = await trainyard('ls', '-n', '1', '-q')
    expect(limited.stdout).toBe(`${ids['third']}\n`)
    expect((await trainyard('ls', '--since', '15m', '-q')).stdout).toBe(`${ids['third']}\n`)
    const none = await trainyard('ls', '--state', 'failed')
    expect(none).toEqual({ code: 0, stdout: '', stderr: 'No run matches.\n' })
  })

  test('--json is one document; NaN stays; the cursor goes on', async () => {
    const first = JSON.parse((await trainyard('ls', '--json', '--limit', '2')).stdout) as {
      runs: { id: string; results: Record<string, unknown> }[]
      next: string
    }
    expect(first.runs.map((run) => run.id)).toEqual([ids['third'], ids['second']])
    expect(first.runs[0]!.results).toEqual({ accuracy: 'NaN' })
    const second = JSON.parse((await trainyard('ls', '--json', '--cursor', first.next)).stdout) as {
      runs: { id: string }[]
      next: null
    }
    expect(second.runs.map((run) => run.id)).toEqual([ids['first']])
    expect(second.next).toBeNull()
    expect(JSON.parse((await trainyard('ls', '--json', '--all', '--filter', "name = 'nobody'")).stdout)).toEqual({
      runs: [],
      next: null,
    })
  })
})

describe('ls where only iterations match', () => {
  beforeAll(makeRecords)

  test('tells how many, and the option that lists them', async () => {
    await withSession(async ({ tracking }) => {
      const record = { project: 'default', experiment: 'iris', createdAtMs: nowMs, owner: 'ada', host: 'lab' }
      const sweep = newRunId(nowMs)
      await tracking.runs.create({ ...record, id: sweep, name: 'mlp', kind: 'sweep', state: 'created', outPath: '/out' })
      for (const iteration of [1, 2])
        await tracking.runs.create({
          ...record,
          id: newRunId(nowMs),
          name: 'mlp',
          kind: 'iteration',
          parentId: sweep,
          iteration,
          state: 'created',
          parameters: { lr: iteration / 10 },
          outPath: `/out/${iteration}`,
        })
    })
    const { stdout, stderr } = await trainyard('ls', '-f', 'params.lr > 0.05')
    expect([stdout, stderr]).toEqual(['', 'No run of its own matches, but 2 iterations do: add --iterations.\n'])
    expect((await trainyard('ls', '-f', 'params.lr > 0.05', '-i', '-q')).stdout.split('\n')).toHaveLength(3)
    expect((await trainyard('ls', '-f', 'params.lr > 5')).stderr).toBe('No run matches.\n')
  })
})

describe('show, logs, compare, plot', () => {
  beforeAll(makeRecords)

  test('show finds a run by name, start of id and latest', async () => {
    for (const reference of ['first', ids['first']!.slice(0, 11)])
      expect((await trainyard('show', reference, '-q')).stdout).toBe(`${ids['first']}\n`)
    expect((await trainyard('show')).stdout).toContain(`run      ${ids['third']}\nname     third\nstate    ✔ completed\n`)
    const json = JSON.parse((await trainyard('show', 'third', '--json')).stdout) as Record<string, unknown>
    expect(Object.keys(json)).toEqual([
      'run',
      'history',
      'metrics',
      'artifacts',
      'datasets',
      'iterations',
      'nested',
      'notifications',
      'outputBytes',
      'shared',
    ])
  })

  test('an unknown run is one sentence with exit code 3', async () => {
    const outcome = await trainyard('show', 'frist')
    expect(outcome.code).toBe(3)
    expect(outcome.stderr).toBe("error: There is no run 'frist'. Did you mean first?\n")
  })

  test('logs gives the bytes as they were, the last lines, times, and JSON', async () => {
    expect(Buffer.from((await trainyard('logs', 'first', '--tail', '2')).stdout).toString()).toMatch(/^epoch 1\n/)
    expect((await trainyard('logs', 'first')).stdout).toContain('start first\nepoch 1\n')
    const stamped = (await trainyard('logs', 'first', '-t')).stdout.split('\n')
    expect(stamped[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} epoch 1$/)
    const lines = (await trainyard('logs', 'first', '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text?: string; base64?: string })
    expect(
      Buffer.concat(
        lines.map((line) => Buffer.from(line.text ?? line.base64!, line.text === undefined ? 'base64' : 'utf8')),
      ).toString('latin1'),
    ).toBe('start first\nepoch 1\n\u00ff\u001b[m\n')
  })

  test('logs -f of a run that has ended ends too', async () => {
    expect((await trainyard('logs', 'first', '-f')).code).toBe(0)
  })

  test('compare shows what differs, and metrics when asked', async () => {
    const { stdout } = await trainyard('compare', 'first', 'third', '--metric', 'accuracy')
    expect(stdout).toMatch(/^ {2}eta +3 +1 +-2 \(-66.7%\)$/m)
    expect(stdout).not.toMatch(/^ {2}depth/m)
    expect(stdout).toContain(`accuracy of first (${ids['first']!.slice(0, 12)})`)
  })

  test('plot draws the longest metric of a run', async () => {
    expect((await trainyard('plot', 'first')).stdout).toMatch(/^accuracy of first \([0-9a-f]{12}\): last 0\.8 at step 1\n/)
    expect(await trainyard('plot', 'first', '-m', 'acuracy')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('did you mean accuracy?'),
    })
  })
})

describe('label', () => {
  beforeEach(makeRecords)

  test('sets and removes', async () => {
    expect(await trainyard('label', 'first', 'third', 'team=vision', 'old=1')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'Labelled 2 runs.\n',
    })
    const { stdout } = await trainyard('label', 'first', 'old-', '--json')
    expect(JSON.parse(stdout)).toEqual({ runs: [{ id: ids['first'], labels: { team: 'vision' } }] })
  })
})

test('rename gives a run another name, under which it is found', async () => {
  await makeRecords()
  const { code, stderr } = await trainyard('rename', 'first', 'the baseline, again')
  expect([code, stderr]).toEqual([0, `${ids['first']!.slice(0, 12)} is now called the baseline, again; it was first.\n`])
  const { stdout } = await trainyard('show', 'the baseline, again', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ run: { id: ids['first'], name: 'the baseline, again' } })
  expect((await trainyard('rename', 'third', '')).code).toBe(2)
})

describe('artifacts', () => {
  beforeEach(makeRecords)

  test('are listed, shown, copied to a file and to stdout, and tagged', async () => {
    expect((await trainyard('artifacts', 'ls', '-q')).stdout).toContain('model.txt\n')
    expect((await trainyard('artifacts', 'show', 'third/model')).stdout).toMatch(/^size +7 B \(7 bytes\)$/m)
    for (const reference of ['model', 'latest/model', 'store://default/model', 'store://artifacts/default/model:latest']) {
      expect((await trainyard('artifacts', 'get', reference, '-')).stdout, reference).toBe('weights')
    }
    const got = await trainyard('artifacts', 'get', 'model', 'copy.txt')
    expect(got.stdout).toBe(`${join(folder, 'copy.txt')}\n`)
    expect(readFileSync(join(folder, 'copy.txt'), 'utf8')).toBe('weights')
    expect((await trainyard('artifacts', 'tag', 'model', 'prod')).stderr).toMatch(/^model is now tagged .*prod/)
    expect((await trainyard('get', 'store://default/model:prod', '-')).stdout).toBe('weights')
    expect(await trainyard('artifacts', 'get', 'modle')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("There is no artifact 'modle' in project default."),
    })
  })

  test('get needs no data directory for other addresses, and copies folders', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'trainyard-get-'))
    mkdirSync(join(outside, 'data', 'deep'), { recursive: true })
    writeFileSync(join(outside, 'data', 'deep', 'x.txt'), 'x')
    const outcome = await runMain(['get', 'data', 'copy', '--json'], { workingDirectory: outside })
    expect(JSON.parse(outcome.stdout)).toEqual({ path: join(outside, 'copy'), sizeBytes: 1 })
    expect(readFileSync(join(outside, 'copy', 'deep', 'x.txt'), 'utf8')).toBe('x')
    expect(existsSync(join(outside, '.trainyard'))).toBe(false)
    expect(await runMain(['get', 'nothing'], { workingDirectory: outside })).toMatchObject({
      code: 3,
      stderr: 'error: There is nothing at nothing.\n',
    })
    rmSync(outside, { recursive: true })
  })
})

describe('rm and trash', () => {
  beforeEach(makeRecords)

  test('rm moves to the trash, restore brings back', async () => {
    const removed = await trainyard('rm', 'third')
    expect(removed.stderr).toMatch(/^Moved 1 run \(\d+ B\) to the trash\. Back: trainyard trash restore [0-9a-f]{12}\./)
    expect((await trainyard('ls', '-q')).stdout).not.toContain(ids['third'])
    expect((await trainyard('trash', 'ls', '-q')).stdout).toBe(`${ids['third']}\n`)
    expect((await trainyard('trash', 'restore', 'third')).stderr).toBe('Restored 1 run.\n')
    expect((await trainyard('ls', '-q')).stdout).toContain(ids['third'])
  })

  test('a condition needs --yes where nobody can answer; --dry-run changes nothing', async () => {
    const dry = await trainyard('rm', '--older-than', '15m', '--dry-run', '-q')
    expect(dry.stdout.trim().split('\n')).toEqual([ids['second'], ids['first']])
    const refused = await trainyard('rm', '--older-than', '15m')
    expect(refused.code).toBe(4)
    expect(refused.stderr).toContain('add --yes to do it')
    expect((await trainyard('ls', '-q')).stdout.trim().split('\n')).toHaveLength(3)
    expect((await trainyard('rm', '--older-than', '15m', '--yes', '--json')).code).toBe(0)
    expect((await trainyard('ls', '-q')).stdout.trim()).toBe(ids['third'])
    expect((await trainyard('rm')).stderr).toBe('error: Say which runs: name them, or give --filter, --state or --older-than.\n')
    expect((await trainyard('rm', 'first', '--state', 'failed')).code).toBe(2)
  })

  test('emptying the trash frees what we stored and leaves what the run only referred to', async () => {
    await trainyard('rm', 'third')
    const { stdout, stderr } = await trainyard('trash', 'empty', '--yes', '--json')
    const freed = JSON.parse(stdout) as { objectBytes: number; keptTargets: string[] }
    expect(freed).toMatchObject({ objectBytes: 7, keptTargets: [join(folder, 'data.csv')] })
    expect(stderr).toContain('was left where it is')
    expect(existsSync(join(folder, 'data.csv'))).toBe(true)
    expect(existsSync(join(folder, '.trainyard', 'artifacts', 'default', ids['third']!))).toBe(false)
    expect((await trainyard('trash', 'ls')).stderr).toBe('The trash is empty.\n')
    expect((await trainyard('trash', 'restore', 'third')).code).toBe(3)
  })
})

describe('export and import', () => {
  beforeEach(makeRecords)

  test('a run goes to another data directory whole: records, output, bytes of artifacts; references stay references', async () => {
    const file = join(folder, 'runs.trainyard')
    expect((await trainyard('export', 'third', 'first', '-o', file)).stderr).toMatch(/^Exported 2 runs to /)
    const other = mkdtempSync(join(tmpdir(), 'trainyard-import-'))
    const there = (...argv: string[]) => runMain(argv, { workingDirectory: other, nowMs: () => nowMs })
    expect((await there('import', file)).stderr).toMatch(/Imported 2 runs\.\n$/)
    expect((await there('import', file)).stderr).toBe('Imported 0 runs; 2 were here already.\n')
    expect((await there('ls', '-q')).stdout).toBe(`${ids['third']}\n${ids['first']}\n`)
    expect((await there('logs', 'first')).stdout).toContain('start first\nepoch 1\n')
    const model = (await there('artifacts', 'show', 'third/model', '-q')).stdout.trim()
    // At the same path in the run's folder, where clients look for it; that folder is one of this directory.
    const outPath = async (records: Promise<Outcome>): Promise<string> => JSON.parse((await records).stdout).run.outPath
    const [from, to] = [await outPath(trainyard('show', 'third', '--json')), await outPath(there('show', 'third', '--json'))]
    expect(to).toBe(join(other, '.trainyard', 'artifacts', 'default', ids['third']!))
    expect(relative(to, model)).toBe(relative(from, (await trainyard('artifacts', 'show', 'third/model', '-q')).stdout.trim()))
    expect(readFileSync(model, 'utf8')).toBe('weights')
    expect((await there('artifacts', 'show', 'third/input', '-q')).stdout.trim()).toBe(join(folder, 'data.csv'))

    await there('rm', 'third')
    await there('trash', 'empty', '--yes')
    expect([existsSync(model), existsSync(join(folder, 'data.csv'))]).toEqual([false, true])
    rmSync(other, { recursive: true })
  })

  test('a file that exists is kept, one that is no export is refused, a missing one makes no data directory', async () => {
    const file = join(folder, 'data.csv')
    expect(await trainyard('export', 'first', '-o', file)).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('exists already'),
    })
    expect(readFileSync(file, 'utf8')).toBe('a,b\n')
    expect((await trainyard('import', file)).code).toBe(2)
    expect(await trainyard('import', 'nowhere')).toEqual({ code: 3, stdout: '', stderr: 'error: There is no file nowhere.\n' })
    expect((await trainyard('export', 'first')).stderr).toMatch(/^error: Required option '-o, --output <file>' not specified\.\n/)
  })
})

describe('completion', () => {
  beforeAll(makeRecords)

  test.each([
    [['co'], ['compare', 'completion']],
    [['trash', 'r'], ['restore']],
    [['ls', '--co'], ['--columns']],
    [['show', 'f'], ['first']],
    [['artifacts', 'get', 'mo'], ['model']],
    [['ls', '--project', ''], ['default']],
    [['--data', 'x', 'completion', 'z'], ['zsh']],
    [['nonsense', 'x'], []],
  ])('%j', async (words, candidates) => {
    const { code, stdout } = await trainyard('__complete', '--', ...words)
    expect({ code, candidates: stdout.split('\n').filter((line) => line !== '') }).toEqual({ code: 0, candidates })
  })
})

describe('doctor and projects', () => {
  beforeEach(makeRecords)

  test('doctor looks at everything and tells it as JSON', async () => {
    const { stdout } = await trainyard('doctor', '--json')
    const { findings } = JSON.parse(stdout) as { findings: { what: string; verdict: string; found: string }[] }
    expect(findings.find(({ what }) => what === 'database')).toMatchObject({
      verdict: 'ok',
      found: expect.stringContaining('3 runs'),
    })
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['Node.js', 'data directory', 'clock', 'disk space', 'Python', 'git', 'uv']),
    )
  })

  test('doctor tells of metric points that could not be stored', async () => {
    const database = await openDatabase(join(folder, '.trainyard', 'trainyard.db'))
    const rows = [[new Uint8Array(3), 'a step that no column holds']]
    await database.write((transaction) => transaction.insertRows('metric_arrivals_aside', ['body', 'reason'], rows))
    await database.close()
    const { stdout } = await trainyard('doctor')
    expect(stdout).toMatch(/^warn\s+set aside\s+1 batch of metric points, first because: a step that no column holds/m)
  })

  test('a damaged database fails the check-up', async () => {
    writeFileSync(
      join(folder, '.trainyard', 'trainyard.db'),
      'not a database at all, but long enough to be read as one'.repeat(10),
    )
    const { code, stdout } = await trainyard('doctor')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^fail {2}database/m)
  })

  test('project ls counts runs', async () => {
    expect((await trainyard('project', 'ls', '-q')).stdout).toBe('default\n')
  })
})
