import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDatabase } from '../../database/index.ts'
import { type OpenServer, openServer } from '../../http/testing/open-server.ts'
import type { MigrationReport } from '../../migration/index.ts'
import { createTraces, type Traces } from '../../traces/index.ts'
import { type Outcome, runMain } from '../testing/memory-terminal.ts'

const api = '/api/2.0/mlflow'
const begin = 1_700_000_000_000

let server: OpenServer
let url: string
let folder: string
beforeEach(async () => {
  server = await openServer()
  url = await server.app.listen({ host: '127.0.0.1', port: 0 })
  folder = mkdtempSync(join(tmpdir(), 'trainyard-import-'))
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const trainyard = (...argv: string[]): Promise<Outcome> =>
  runMain(argv, { workingDirectory: folder, environment: { USER: 'ada' }, nowMs: () => begin + 1e9 })
const take = async (...flags: string[]): Promise<MigrationReport> => {
  const { stdout, stderr } = await trainyard('import', 'mlflow', url, '--data', 'data', '--json', ...flags)
  expect(stderr).not.toMatch(/rror/)
  return JSON.parse(stdout) as MigrationReport
}
const post = async (path: string, body: object): Promise<Record<string, Record<string, Record<string, string>>>> => {
  const { status, json, text } = await server.ask('POST', `${api}/${path}`, body)
  expect([status, text]).toEqual([200, text])
  return json
}

async function addExperiment(name: string): Promise<string> {
  const { json } = await server.ask('POST', `${api}/experiments/create`, { name, tags: [{ key: 'team', value: 'blue' }] })
  return json['experiment_id']!
}

async function addRun(experiment: string, name: string, tags: Record<string, string> = {}): Promise<string> {
  const { run } = await post('runs/create', {
    experiment_id: experiment,
    run_name: name,
    start_time: begin,
    user_id: 'grace',
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  })
  const id = run!['info']!['run_id']!
  const metrics = Array.from({ length: 25 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), timestamp: begin + step, step }))
  await post('runs/log-batch', {
    run_id: id,
    metrics: [...metrics, { key: 'odd', value: 'NaN', timestamp: begin, step: 1 }],
    params: [
      { key: 'lr', value: '0.1' },
      { key: 'exact', value: '0.10' },
    ],
  })
  await server.ask(
    'PUT',
    `/api/2.0/mlflow-artifacts/artifacts/${experiment}/${id}/artifacts/deep/note%20%C3%BC.txt`,
    `of ${name}`,
  )
  await post('runs/update', { run_id: id, status: 'FINISHED', end_time: begin + 5_000 })
  return id
}

interface Shown {
  run: {
    name: string
    project: string
    labels: Record<string, string>
    createdAtMs: number
    endedAtMs: number
    owner: string
    state: string
  }
}
const show = async (id: string): Promise<Shown> =>
  JSON.parse((await trainyard('show', id, '--data', 'data', '--json')).stdout) as Shown

test('a run arrives with its id, times, user, parameters, whole histories and files', async () => {
  const id = await addRun(await addExperiment('iris'), 'first', { 'mlflow.note.content': '# Note' })
  const report = await take()
  expect(report).toMatchObject({
    experiments: { found: 2, made: 2 },
    runs: { found: 1, made: 1, failed: 0 },
    points: 26,
    files: 1,
    differences: [],
  })
  const { run } = await show(id)
  expect(run).toMatchObject({
    name: 'first',
    state: 'completed',
    owner: 'grace',
    createdAtMs: begin,
    endedAtMs: begin + 5_000,
    labels: { 'mlflow.note.content': '# Note' },
    parameters: { lr: 0.1, exact: '0.10' },
  })
  const file = await trainyard('artifacts', 'get', `${id}/deep/note ü.txt`, '-', '--data', 'data')
  expect(file.stdout).toBe('of first')
})

test('an experiment that is not there is told before anything is taken', async () => {
  await addExperiment('iris')
  const { stderr } = await trainyard('import', 'mlflow', url, '--data', 'data', '-e', 'irsi')
  expect(stderr).toContain('has no experiment irsi')
})

test('a second import takes only what has changed', async () => {
  const experiment = await addExperiment('iris')
  const first = await addRun(experiment, 'first', { old: 'x' })
  await addRun(experiment, 'second')
  await take()
  expect(await take()).toMatchObject({ runs: { unchanged: 2, changed: 0 }, experiments: { unchanged: 2 }, points: 0, files: 0 })

  await post('runs/set-tag', { run_id: first, key: 'new', value: 'y' })
  await post('runs/delete-tag', { run_id: first, key: 'old' })
  await post('runs/log-metric', { run_id: first, key: 'loss', value: 0, timestamp: begin + 99, step: 99 })
  await trainyard('label', first, 'mine=z', '--data', 'data')
  expect(await take()).toMatchObject({ runs: { unchanged: 1, changed: 1 } })
  const { run } = await show(first)
  expect(run.labels).toEqual({ new: 'y', mine: 'z' })
  expect(run).toMatchObject({ results: { loss: 0 } })
})

test('experiments keep their ids where these are free, and it is said where they are not', async () => {
  for (const name of ['a', 'b', 'c']) await addExperiment(name)
  expect((await take()).differences).toEqual([])
  // The experiment 0 is the one of the project `default`, and whatever comes there takes the place of the next.
  const other = await take('--data', 'elsewhere', '--project', 'other')
  expect(other.differences.map(({ sentence }) => sentence)).toEqual(
    [0, 1, 2, 3].map((there) => `experiment ${there} there is ${there + 1} here`),
  )
})

test('nested runs find their parent, whichever comes first', async () => {
  const experiment = await addExperiment('nest')
  const child = await addRun(experiment, 'child')
  const parent = await addRun(experiment, 'parent')
  await post('runs/set-tag', { run_id: child, key: 'mlflow.parentRunId', value: parent })
  expect((await take()).differences).toEqual([])
  expect((await show(child)).run).toMatchObject({ parentId: parent })
})

test('the registry arrives with numbers, stages, aliases, tags and times, and what is deleted is not made up', async () => {
  const run = await addRun(await addExperiment('iris'), 'first')
  await post('registered-models/create', { name: 'iris', description: 'flowers' })
  const source = `mlflow-artifacts:/1/${run}/artifacts/deep`
  for (const _ of [1, 2, 3]) await post('model-versions/create', { name: 'iris', source, run_id: run })
  await server.ask('DELETE', `${api}/model-versions/delete`, { name: 'iris', version: '2' })
  await post('registered-models/alias', { name: 'iris', alias: 'champion', version: '3' })
  await post('model-versions/transition-stage', { name: 'iris', version: '1', stage: 'Production' })
  await post('model-versions/set-tag', { name: 'iris', version: '3', key: 'reviewed', value: 'yes' })
  expect(await take()).toMatchObject({ models: { made: 1 }, versionsMade: 2, differences: [] })
  expect(await take()).toMatchObject({ models: { unchanged: 1 } })

  await server.ask('DELETE', `${api}/registered-models/alias`, { name: 'iris', alias: 'champion' })
  await post('registered-models/alias', { name: 'iris', alias: 'next', version: '1' })
  expect(await take()).toMatchObject({ models: { changed: 1 } })
  const { stdout } = await trainyard('models', 'show', 'iris', '--data', 'data', '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    model: { description: 'flowers', aliases: { next: 1 } },
    versions: [
      { version: 3, tags: { reviewed: 'yes' }, location: join(folder, 'data', 'artifacts', 'default', run, 'deep') },
      { version: 1, stage: 'Production', aliases: ['next'] },
    ],
  })
})

test('what a run has here already stays, and is told where it differs', async () => {
  const experiment = await addExperiment('iris')
  const id = await addRun(experiment, 'first')
  await take()
  await post('runs/set-tag', { run_id: id, key: 'again', value: 'x' })
  const elsewhere = await take('--project', 'other')
  expect(elsewhere).toMatchObject({ runs: { made: 0, changed: 1 } })
  expect(elsewhere.differences.at(-1)).toEqual({
    of: "experiment 'iris'",
    sentence: 'it is in the project default here, with all its runs, and stays there',
  })
  await addRun(experiment, 'second')
  expect((await take('--project', 'other')).differences).toContainEqual({
    of: `run ${id}`,
    sentence: "it is in the experiment 'iris' of the project default here, and stays there",
  })
  expect((await show(id)).run).toMatchObject({ project: 'default', labels: { again: 'x' } })
})

test('a dry run says what would come and writes nothing', async () => {
  await addRun(await addExperiment('iris'), 'first')
  expect(await take('--dry-run')).toMatchObject({ dryRun: true, runs: { made: 1 }, experiments: { made: 2 } })
  expect((await trainyard('ls', '--data', 'data', '--quiet')).stdout).toBe('')
  expect(await take()).toMatchObject({ runs: { made: 1 } })
})

test('one experiment comes alone, without files when they are not wanted, and the files follow later', async () => {
  await addRun(await addExperiment('a'), 'first')
  const wanted = await addRun(await addExperiment('b'), 'second')
  expect(await take('--experiment', 'b', '--no-artifacts')).toMatchObject({ runs: { found: 1, made: 1 }, files: 0 })
  expect(await take('-e', 'b')).toMatchObject({ runs: { changed: 1 }, files: 1 })
  expect((await trainyard('ls', '--data', 'data', '--quiet')).stdout.trim()).toBe(wanted)
})

test('deleted runs and experiments arrive in the trash', async () => {
  const [gone, kept] = [await addExperiment('gone'), await addExperiment('kept')]
  await addRun(gone, 'one')
  const deleted = await addRun(kept, 'two')
  await post('runs/delete', { run_id: deleted })
  await post('experiments/delete', { experiment_id: gone })
  expect(await take()).toMatchObject({ runs: { made: 2 }, points: 52, differences: [] })
  expect((await trainyard('ls', '--data', 'data', '--quiet')).stdout).toBe('')
  await post('runs/restore', { run_id: deleted })
  await take()
  expect((await trainyard('ls', '--data', 'data', '--quiet')).stdout.trim()).toBe(deleted)
})

test('a source that is none is refused in one sentence', async () => {
  const outcome = await trainyard('import', 'mlflow', 'nothing-here', '--data', 'data')
  expect([outcome.code, outcome.stderr]).toEqual([3, expect.stringContaining('There is nothing at')])
  const closed = await trainyard('import', 'mlflow', 'http://127.0.0.1:9', '--data', 'data')
  expect([closed.code, closed.stderr]).toEqual([5, expect.stringContaining('http://127.0.0.1:9 cannot be reached')])
})

test('a dry run makes nothing and counts what comes', async () => {
  const run = await addRun(await addExperiment('iris'), 'first')
  await post('registered-models/create', { name: 'iris' })
  await post('model-versions/create', { name: 'iris', source: `mlflow-artifacts:/1/${run}/artifacts/deep`, run_id: run })
  const told = await take('--dry-run')
  expect(readdirSync(folder)).toEqual([])
  expect(told).toMatchObject({ runs: { made: 1 }, models: { made: 1 }, points: 26, files: 1, versionsMade: 1 })
  const { points, files, bytes, versionsMade } = await take()
  expect(told).toMatchObject({ points, files, bytes, versionsMade })
  expect(await take('--dry-run')).toMatchObject({ runs: { unchanged: 1 }, points: 0, files: 0, versionsMade: 0 })
})

test('logged models and data sets are shown with the run they belong to', async () => {
  const experiment = await addExperiment('iris')
  const run = await addRun(experiment, 'first')
  const { model } = await post('logged-models', { experiment_id: experiment, name: 'forest', source_run_id: run })
  const id = model!['info']!['model_id']!
  await server.ask(
    'PUT',
    `/api/2.0/mlflow-artifacts/artifacts/${experiment}/models/${id}/artifacts/MLmodel`,
    'flavors:\n  sklearn: {}\n  python_function: {}\n',
  )
  await server.ask('PATCH', `${api}/logged-models/${id}`, { model_id: id, status: 'LOGGED_MODEL_READY' })
  const dataset = { name: 'iris.csv', digest: 'abc123', source_type: 'http', source: '{"url": "https://a.example/iris.csv"}' }
  const tags = [{ key: 'mlflow.data.context', value: 'training' }]
  await post('runs/log-inputs', { run_id: run, datasets: [{ dataset, tags }] })
  await take()
  for (const where of [
    ['--data', 'data'],
    ['--project', 'again', '--data', 'fresh'],
  ]) {
    await trainyard('import', 'mlflow', url, ...where)
    const page = JSON.parse((await trainyard('show', run, '--json', ...where)).stdout) as {
      artifacts: object[]
      datasets: object[]
    }
    expect(page.artifacts).toContainEqual(
      expect.objectContaining({ key: 'forest', kind: 'model', labels: { framework: 'sklearn' }, tags: ['latest'] }),
    )
    expect(page.datasets).toMatchObject([{ name: 'iris.csv', digest: 'abc123' }])
    expect((await trainyard('show', run, ...where)).stdout).toContain(
      'iris.csv  data set abc123, for training, from http https://a.example/iris.csv',
    )
  }
})

test('what was taken into one project leaves nothing empty in another one that it is imported into', async () => {
  const experiment = await addExperiment('iris')
  const first = await addRun(experiment, 'first')
  await post('registered-models/create', { name: 'bare' })
  await take()
  const names = async (project: string): Promise<string[]> => {
    const { stdout } = await trainyard('models', 'ls', '--project', project, '--data', 'data', '--json')
    return (JSON.parse(stdout) as { models: { name: string }[] }).models.map(({ name }) => name)
  }
  expect(await names('default')).toEqual(['bare'])
  for (const flags of [['--dry-run'], [], []]) {
    const report = await take('--project', 'other', ...flags)
    expect(report.experiments).toMatchObject({ found: 2, made: 0, unchanged: 2 })
    expect(report.differences.map(({ of, sentence }) => `${of}: ${sentence}`)).toEqual([
      "experiment 'Default': it is in the project default here, with all its runs, and stays there",
      "experiment 'iris': it is in the project default here, with all its runs, and stays there",
      "model 'bare': it is in the project default here, and stays there",
    ])
  }
  expect(await names('other')).toEqual([])
  // A run that is new comes to where it was asked for; the other one stays.
  const added = await addRun(experiment, 'second')
  expect((await take('--project', 'other')).experiments).toMatchObject({ made: 1, unchanged: 1 })
  const projects = [await show(first), await show(added)].map(({ run }) => run.project)
  expect(projects).toEqual(['default', 'other'])
})

/** Files by their path below a folder `mlruns` of the test. */
function writeFolder(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const place = join(folder, 'mlruns', path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text)
  }
}

const takeFolder = async (): Promise<MigrationReport> =>
  JSON.parse((await trainyard('import', 'mlflow', 'mlruns', '--data', 'data', '--json')).stdout) as MigrationReport

async function withTraces<T>(read: (traces: Traces) => Promise<T>): Promise<T> {
  await using database = await openDatabase(join(folder, 'data', 'trainyard.db'))
  return await read(createTraces(database))
}

const meta = `experiment_id: '7'\nname: iris\nlifecycle_stage: active\ncreation_time: ${begin}\nlast_update_time: ${begin}\n`

/** As the client 3.17 writes it. */
const newTrace = {
  '7/traces/tr-1/trace_info.yaml': `execution_duration_ms: 13
request_preview: '{"x": 3}'
request_time: '2023-11-14T22:13:20.123Z'
state: OK
trace_id: tr-1
client_request_id: mine
trace_location:
  mlflow_experiment:
    experiment_id: '7'
  type: MLFLOW_EXPERIMENT
`,
  '7/traces/tr-1/tags/mlflow.traceName': 'outer',
  '7/traces/tr-1/tags/mlflow.artifactLocation': '/somewhere/else/7/traces/tr-1/artifacts',
  '7/traces/tr-1/tags/team': 'blue',
  '7/traces/tr-1/request_metadata/mlflow.user': 'grace',
  '7/traces/tr-1/assessments/a-0.yaml': `assessment_id: a-0
assessment_name: good
create_time: '2023-11-14T22:13:21Z'
last_update_time: '2023-11-14T22:13:22Z'
feedback:
  value: true
rationale: r
source: {source_id: me, source_type: HUMAN}
trace_id: tr-1
valid: false
`,
  '7/traces/tr-1/assessments/a-1.yaml': `assessment_id: a-1
assessment_name: answer
create_time: '2023-11-14T22:13:22Z'
last_update_time: '2023-11-14T22:13:22Z'
expectation:
  serialized_value: {serialization_format: JSON_FORMAT, value: '{"a": [1, 2]}'}
source: {source_id: me, source_type: CODE}
trace_id: tr-1
valid: true
`,
  '7/traces/tr-1/artifacts/traces.json': JSON.stringify({
    spans: [
      {
        trace_id: 'hYDbq0YGXs4O3iVw6M7gGg==',
        span_id: 'b/44GF8yCFI=',
        parent_span_id: null,
        name: 'outer',
        start_time_unix_nano: 1,
        end_time_unix_nano: 2,
        events: [],
        status: { code: 'STATUS_CODE_OK', message: '' },
        attributes: { 'mlflow.spanType': '"TOOL"', 'mlflow.spanInputs': '{"x": 3}' },
        links: [],
      },
    ],
  }),
  '7/traces/tr-1/artifacts/attachments/note.txt': 'kept',
}

/** As the client 2.22 does. */
const oldTrace = {
  '7/traces/14fcf6fb/trace_info.yaml': `assessments: []
execution_time_ms: 25
experiment_id: '7'
request_id: 14fcf6fb
status: ERROR
timestamp_ms: ${begin}
`,
  '7/traces/14fcf6fb/tags/mlflow.traceName': 'fails',
  '7/traces/14fcf6fb/request_metadata/mlflow.trace_schema.version': '2',
  '7/traces/14fcf6fb/artifacts/traces.json': JSON.stringify({
    spans: [
      {
        name: 'fails',
        context: { span_id: '0829029a31f100c7', trace_id: '6fb61689e135ff4b53dc47abc446110e' },
        parent_id: null,
        start_time: 1,
        end_time: 2,
        status_code: 'ERROR',
        status_message: 'no',
        attributes: {},
        events: [],
      },
    ],
  }),
}

test('traces of a folder mlruns arrive with spans, tags, metadata, assessments and files, of old and of new clients', async () => {
  writeFolder({ '7/meta.yaml': meta, ...newTrace, ...oldTrace })
  expect(await takeFolder()).toMatchObject({ traces: { found: 2, made: 2, failed: 0 }, files: 1, notes: [] })
  await withTraces(async (traces) => {
    const [newer, older] = await traces.findMany(['tr-1', '14fcf6fb'])
    expect(newer).toMatchObject({
      clientRequestId: 'mine',
      state: 'OK',
      startedAtMs: begin + 123,
      durationMs: 13,
      requestPreview: '{"x": 3}',
      metadata: { 'mlflow.user': 'grace' },
      assessments: [
        { id: 'a-0', kind: 'feedback', value: true, rationale: 'r', isValid: false, createdAtMs: begin + 1000 },
        { id: 'a-1', kind: 'expectation', value: { a: [1, 2] }, source: { type: 'CODE', id: 'me' }, isValid: true },
      ],
    })
    expect(newer!.tags).toEqual({ 'mlflow.traceName': 'outer', team: 'blue' })
    expect(older).toMatchObject({ state: 'ERROR', startedAtMs: begin, durationMs: 25, spanCount: 1 })
    const spans = await traces.spansOf(['tr-1', '14fcf6fb'])
    expect(spans.get('tr-1')).toMatchObject([{ id: '6ffe38185f320852', attributes: { 'mlflow.spanInputs': { x: 3n } } }])
    expect(spans.get('14fcf6fb')).toMatchObject([{ status: { code: 'ERROR', message: 'no' } }])
  })
})

test('traces are taken again only where they changed; what was added to them here stays', async () => {
  writeFolder({ '7/meta.yaml': meta, ...newTrace, ...oldTrace })
  await takeFolder()
  expect(await takeFolder()).toMatchObject({ traces: { unchanged: 2, changed: 0 }, files: 0 })
  await withTraces((traces) => traces.setTags('tr-1', { mine: 'z' }))
  rmSync(join(folder, 'mlruns/7/traces/tr-1/tags/team'))
  writeFolder({ '7/traces/tr-1/tags/new': 'y' })
  expect(await takeFolder()).toMatchObject({ traces: { unchanged: 1, changed: 1 }, files: 0 })
  const tags = await withTraces(async (traces) => (await traces.find('tr-1'))?.tags)
  expect(tags).toEqual({ 'mlflow.traceName': 'outer', mine: 'z', new: 'y' })
})

test.each([
  ['7/traces/tr-1/trace_info.yaml', 'state: [', 'traces', 'trace tr-1'],
  ['7/traces/tr-1/trace_info.yaml', 'request_time: x', 'traces', 'trace tr-1'],
  ['7/traces/tr-1/assessments/a-0', 'assessment_id: a-0\ncreate_time: x', 'traces', 'trace tr-1'],
  [`7/${'c'.repeat(32)}/meta.yaml`, 'run_id: [', 'runs', `run ${'c'.repeat(32)}`],
  ['7/models/m-1/meta.yaml', 'name: [', 'loggedModels', 'logged model m-1'],
  ['8/meta.yaml', 'name: [', 'experiments', 'experiment 8'],
  ['models/shop/meta.yaml', 'name: [', 'models', "model 'shop'"],
] as const)(
  'a record that cannot be read is told with its file, and the others are taken: %s with %j',
  async (path, text, kind, of) => {
    writeFolder({ '7/meta.yaml': meta, ...newTrace, ...oldTrace, [path]: text })
    const report = await takeFolder()
    expect(report[kind]).toMatchObject({ failed: 1 })
    expect(report.differences).toEqual([{ of, sentence: expect.stringContaining(path) }])
    expect(report.traces.made).toBe(kind === 'traces' ? 1 : 2)
  },
)

test('a trace whose files cannot be listed is taken without them, which is told', async () => {
  const told = { '7/traces/tr-1/tags/mlflow.artifactLocation': 'mlflow-artifacts:/7/traces/tr-1/artifacts' }
  rmSync(join(folder, 'mlruns'), { recursive: true, force: true })
  writeFolder({ '7/meta.yaml': meta, ...newTrace, ...told })
  rmSync(join(folder, 'mlruns/7/traces/tr-1/artifacts'), { recursive: true, force: true })
  const report = await takeFolder()
  expect(report.traces).toMatchObject({ found: 1, made: 1, failed: 0 })
  expect(report.differences).toEqual([{ of: 'trace tr-1', sentence: expect.stringContaining('--artifacts') }])
  expect(await withTraces(async (traces) => (await traces.find('tr-1'))?.tags)).toMatchObject({ team: 'blue' })
})
