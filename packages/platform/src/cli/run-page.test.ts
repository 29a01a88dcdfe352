import { expect, test } from 'vitest'
import { createStyle } from './output/style.ts'
import { formatTime } from './output/format.ts'
import { renderRun, type RunPage } from './run-page.ts'
import { runRecord } from './testing/run-record.ts'

const look = { nowMs: 10_000, style: createStyle(false), unicode: false, width: undefined, all: false }
const time = formatTime(1000)

const page = (fields: Partial<RunPage>): RunPage => ({
  run: runRecord(),
  history: [],
  metrics: [],
  artifacts: [],
  iterations: [],
  outputBytes: 0,
  ...fields,
})

test('a plain run is told in a few lines; what is not there is not mentioned', () => {
  expect(renderRun(page({}), look)).toEqual([
    'run      0193af00000070008000000000000001',
    'name     train',
    'state    + completed',
    'project  default, experiment train',
    `made     ${time} by ada on lab`,
    'took     3.2 s',
    'files    /data/artifacts/default/0193af',
  ])
})

test('a failed run tells why, how it ended, and keeps its traceback readable', () => {
  const run = runRecord({
    state: 'failed',
    stateReason: 'ValueError: bad eta',
    exit: { kind: 'signalled', signal: 'SIGKILL', outOfMemory: true },
    error: { type: 'ValueError', message: 'bad\u001b[31m eta', traceback: 'Traceback:\n\tline 1\n' },
    problems: ["parameter 'eta' was logged twice"],
    attempt: 2,
  })
  const lines = renderRun(
    page({ run, outputBytes: 1234, history: [{ state: 'failed', atMs: 1000, reason: 'ValueError: bad eta' }] }),
    look,
  )
  expect(lines.slice(2)).toEqual([
    'state    x failed: ValueError: bad eta',
    'project  default, experiment train',
    `made     ${time} by ada on lab`,
    'took     3.2 s',
    'attempt  2',
    'ended    killed by SIGKILL, out of memory',
    'output   1.23 kB: trainyard logs 0193af000000',
    'files    /data/artifacts/default/0193af',
    '',
    'Error',
    '  ValueError: bad␛[31m eta',
    '  Traceback:',
    '  \tline 1',
    '',
    'Problems',
    "  ! parameter 'eta' was logged twice",
    '',
    'History',
    `  ${time}  x failed  ValueError: bad eta`,
  ])
})

test('a sweep shows its iterations with the best one marked and only the parameters that vary', () => {
  const iterations = [1, 2, 3].map((iteration) =>
    runRecord({
      id: `0193af0000007000800000000000001${iteration}`,
      kind: 'iteration',
      parentId: '0193af00000070008000000000000001',
      iteration,
      state: iteration === 3 ? 'failed' : 'completed',
      parameters: { eta: iteration / 10, depth: 6 },
      results: iteration === 3 ? {} : { accuracy: 0.9 + iteration / 100 },
    }),
  )
  const sweep = {
    planned: 4,
    completed: 2,
    failed: 1,
    stopped: 1,
    running: 0,
    bestIteration: 2,
    bestRunId: iterations[1]!.id,
    seed: 7,
    stopReason: null,
  }
  const lines = renderRun(page({ run: runRecord({ kind: 'sweep', sweep }), iterations }), look)
  expect(lines.slice(8)).toEqual([
    'Sweep',
    '  progress  4 iterations of 4 ended, 1 stopped, 1 failed',
    '  best      iteration 2',
    '  seed      7',
    '',
    'Iterations',
    '    #  state        eta  accuracy   took',
    '    1  + completed  0.1      0.91  3.2 s',
    '  * 2  + completed  0.2      0.92  3.2 s',
    '    3  x failed     0.3            3.2 s',
  ])
})

test('nested runs have a part of the page, and are left out beyond twenty', () => {
  const nested = Array.from({ length: 21 }, (_, at) =>
    runRecord({ id: `0193af0000007000800000000000${1000 + at}`, name: `fold-${at}`, results: { loss: at } }),
  )
  const lines = renderRun(page({ run: runRecord({ nestedCount: 21 }), nested }), look)
  const start = lines.indexOf('Nested')
  expect(lines[start + 1]).toMatch(/run +name +state .*loss/)
  expect(lines[start + 2]).toContain('fold-0')
  expect(lines[start + 22]).toBe('  and 1 more: --all shows them')
})

test('metrics, artifacts, code and environment have their own parts', () => {
  const run = runRecord({
    parameters: { eta: 0.3, note: 'a b' },
    labels: { team: 'vision' },
    inputs: [{ key: 'data', url: 's3://bucket/iris.csv', sizeBytes: 5000 }],
    code: {
      file: '/home/ada/training.py',
      commandLine: ['training.py', '--note', "it's"],
      workingDirectory: '/home/ada',
      git: { commit: 'abcdef0123456789', branch: 'main', root: '/home/ada', dirty: true },
    },
    environment: {
      interpreter: { implementation: 'CPython', version: '3.12.1', executable: '/usr/bin/python3' },
      packages: ['numpy==2.0', 'xgboost==2.1'],
      operatingSystem: 'Linux 6.1',
      host: 'lab',
      cpuModel: 'Epyc',
      cpuCount: 8,
      memoryBytes: 64e9,
      choices: { OMP_NUM_THREADS: '1, because four iterations share the cores' },
    },
  })
  const metrics = [
    { key: 'loss', pointCount: 100, last: { step: 99, timeMs: 0, value: 0.1 }, min: 0.1, max: 2 },
    { key: 'once', pointCount: 1, last: { step: 0, timeMs: 0, value: 1 }, min: 1, max: 1 },
  ]
  const artifacts = [
    {
      id: 'a',
      project: 'default',
      key: 'model',
      kind: 'model' as const,
      runId: run.id,
      iteration: 0,
      tags: ['latest'],
      labels: {},
      target: '/data/model.json',
      format: 'json',
      sizeBytes: 2048,
      sha256: null,
      metadata: {},
      createdAtMs: 0,
    },
  ]
  expect(renderRun(page({ run, metrics, artifacts }), look).slice(8)).toEqual([
    'Parameters',
    '  eta   0.3',
    '  note  a b',
    '',
    'Metrics',
    '  metric  last  min  max  points  last step',
    '  loss     0.1  0.1    2     100         99',
    '',
    'Labels',
    '  team  vision',
    '',
    'Inputs',
    '  data  s3://bucket/iris.csv (5 kB)',
    '',
    'Artifacts',
    '  key    kind      size  tags    where',
    '  model  model  2.05 kB  latest  /data/model.json',
    '',
    'Code',
    '  file     /home/ada/training.py',
    String.raw`  command  training.py --note 'it'\''s'`,
    '  folder   /home/ada',
    '  git      abcdef012345 on main, with changes that are not committed',
    '',
    'Environment',
    '  interpreter  CPython 3.12.1, /usr/bin/python3',
    '  system       Linux 6.1, host lab',
    '  machine      8 × Epyc, 64 GB memory',
    '  packages     2 (--all lists them)',
    '',
    'Choices',
    '  OMP_NUM_THREADS  1, because four iterations share the cores',
  ])
})

test('an iteration is told with the code and environment of its sweep, which is named', () => {
  const parent = runRecord({ kind: 'sweep', name: 'tune' })
  const run = runRecord({ id: '0193af00000070008000000000000002', kind: 'iteration', iteration: 1, parentId: parent.id })
  const code = { file: '/home/ada/training.py', commandLine: ['trainyard', 'run'], workingDirectory: '/home/ada' }
  const lines = renderRun(page({ run, shared: { run: { id: parent.id, name: 'tune' }, code, environment: null } }), look)
  expect(lines.slice(9)).toEqual([
    'Code, as in tune (0193af000000)',
    '  file     /home/ada/training.py',
    '  command  trainyard run',
    '  folder   /home/ada',
  ])
})

test('tells what came of each notification, and why one was refused', () => {
  const told = { params: {}, hasSecrets: false, sentAtMs: null } as const
  const lines = renderRun(
    page({
      notifications: [
        { ...told, kind: 'slack', name: 'slack', status: 'sent', reason: null },
        { ...told, kind: 'webhook', name: 'team', status: 'error', reason: '10.0.0.1 is an address of a private network.' },
      ],
    }),
    look,
  )
  const text = lines.join('\n')
  expect(text).toMatch(
    /Notifications\n +slack +sent\n +team \(webhook\) +error: 10\.0\.0\.1 is an address of a private network\./,
  )
})
