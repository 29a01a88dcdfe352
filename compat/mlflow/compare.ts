/**
 * The official MLflow client against a server of ours, started as a user starts it.
 *
 *     node --conditions=trainyard-source compat/mlflow/compare.ts
 *
 * The client's own functions (`test_*.py`), with the newest client and the last one of the line before it; the recipe; the Java client;
 * the same runs seen from the command line and the other way round; and a clean stop. `compare-servers.ts` and `compare-jobs.ts` beside
 * this file do the rest. The exit code is 0 or 1; where a client cannot be installed it says so loudly and the rest still counts.
 */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { clientEnvironment, here, pythonWithClient } from './client-environment.ts'
import { followRecipe } from './follow-recipe.ts'
import { javaClient } from './java-client.ts'
import { ServerProcess, trainyard } from './server-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'trainyard-mlflow-'))
const data = join(folder, 'data')
const failures: string[] = []

/** Of the client of the line before what reaches another part of the server, or reaches it in another way. */
const filesOfOlderClient = new Set([
  'test_tracking.py',
  'test_registry.py',
  'test_artifacts.py',
  'test_loading.py',
  'test_command_line.py',
])
/** Of what unittest says at its end: the failed assertion and where it stands. */
const reasonLines = 20
const otherParts = new Set(['test_both_ways.py'])

function clientTests(python: string, url: string, only?: ReadonlySet<string>): void {
  const all = readdirSync(here).filter((name) => /^test_.*\.py$/.test(name) && !otherParts.has(name))
  const files = all.filter((name) => only?.has(name) ?? true)
  for (const file of files) {
    const started = performance.now()
    const { status, stdout, stderr } = spawnSync(python, ['-W', 'ignore', join(here, file)], {
      env: clientEnvironment(url),
      cwd: folder,
      encoding: 'utf8',
    })
    const summary = /^Ran \d+ tests? in .*$/m.exec(stderr)?.[0] ?? ''
    console.log(`${file}: ${summary || 'did not run'} (${((performance.now() - started) / 1000).toFixed(0)} s with imports)`)
    for (const line of stdout.match(/^load_model.*$/gm) ?? []) console.log(`  ${line}`)
    if (status === 0) continue
    failures.push(
      `${only ? `${file} with the older client` : file}:\n${stderr.trim().split('\n').slice(-reasonLines).join('\n')}`,
    )
    console.log(stderr)
  }
}

function javaTests(url: string): void {
  try {
    if (javaClient(url)) console.log('the Java client: experiments, runs, batches, searches, artifacts, registry')
  } catch (error) {
    failures.push(`the Java client: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const script = `import trainyard
context = trainyard.get_or_create_ctx('train')
for step in range(4):
    context.log_metric('loss', 1 / (step + 1), step=step)
context.log_artifact('note', body=b'hello', local_path='note.txt')
`

/** MLflow's own calls in a job, and a model of our own: both are loaded by the client afterwards. */
async function inJobs(python: string, url: string): Promise<void> {
  const job = join(here, 'job_with_mlflow.py')
  const run = JSON.parse(await trainyard('run', job, '--python', python, '--json', '--data', data)) as {
    id: string
    experiment: string
    results: Record<string, number>
    artifacts: { key: string; kind: string }[]
  }
  const models = run.artifacts.filter(({ kind }) => kind === 'model').map(({ key }) => key)
  if (run.experiment !== 'churn' || run.results['loss'] !== 0.5 || models.sort().join() !== 'ours,theirs')
    failures.push(`calls of mlflow in a job did not land in its run: ${JSON.stringify(run)}`)
  const { runs: all } = JSON.parse(
    await trainyard('ls', '--iterations', '--filter', "name in ('inner', 'second')", '--json', '--data', data),
  ) as {
    runs: { name: string; state: string; parentId: string }[]
  }
  const runs = all.filter(({ parentId }) => parentId === run.id)
  const below = runs.map(({ name, state }) => `${name} ${state}`).sort()
  if (below.join() !== 'inner completed,second completed') failures.push(`runs below the job's are ${below.join()}`)
  const arguments_ = ['-W', 'ignore', join(here, 'load_models.py'), run.id]
  await promisify(execFile)(python, arguments_, { env: clientEnvironment(url) })
}

async function bothWays(python: string, url: string): Promise<void> {
  writeFileSync(join(folder, 'train.py'), script)
  const flags = ['--data', data]
  const started = await trainyard(
    'run',
    join(folder, 'train.py'),
    '-p',
    'eta=0.1',
    '-p',
    'name=x',
    '--label',
    'team=blue',
    '--json',
    ...flags,
  )
  const { id } = JSON.parse(started) as { id: string }
  await promisify(execFile)(python, ['-W', 'ignore', join(here, 'test_both_ways.py'), id], { env: clientEnvironment(url) })
  const { run: shown } = JSON.parse(await trainyard('show', id, '--json', ...flags)) as {
    run: { labels: Record<string, string>; results: Record<string, number> }
  }
  if (shown.labels['from'] !== 'mlflow' || shown.results['later'] !== 7)
    failures.push('the command line does not see what the client wrote')
  const listed = await trainyard('ls', '--filter', "name = 'whole'", '--json', ...flags)
  if (!listed.includes('"whole"')) failures.push('a run of the client is missing from trainyard ls')
}

const python = pythonWithClient()
const olderPython = pythonWithClient('requirements-2.txt')
{
  await using server = await ServerProcess.start(data, ['--allow-private-addresses'])
  if (python) {
    clientTests(python, server.url)
    try {
      await bothWays(python, server.url)
      await inJobs(python, server.url)
      console.log('both ways: the command line and the client see the same runs')
    } catch (error) {
      failures.push(`both ways: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  for (const each of [python, olderPython]) {
    if (each === undefined) continue
    const wrong = await followRecipe(each)
    console.log(`the recipe of docs/mlflow-recipe.md: ${wrong.length === 0 ? 'followed' : 'not as it says'}`)
    failures.push(...wrong)
  }
  if (olderPython) clientTests(olderPython, server.url, filesOfOlderClient)
  javaTests(server.url)
  const code = await server.stop()
  if (code !== 0) failures.push(`the server ended with ${code} on SIGTERM`)
}
rmSync(folder, { recursive: true })
for (const failure of failures) console.log(`FAILED ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
