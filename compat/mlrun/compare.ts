/**
 * The official MLRun client against a server of ours, started as a user starts it.
 *
 *     node --conditions=trainyard-source compat/mlrun/compare.ts [newest|older] [test_file.py...]
 *
 * Every `test_*.py` is run with the newest client, those of `filesOfOlderClient` also with one of an earlier line, unless one of the two
 * is named. The exit code is 0 or 1; where a client cannot be installed it says so loudly and the rest still counts.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pythonWithClient } from '../mlflow/client-environment.ts'
import { program, ServerProcess } from '../mlflow/server-process.ts'

const here = dirname(fileURLToPath(import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'trainyard-mlrun-'))
const failures: string[] = []
const words = process.argv.slice(2)
const client = words[0] === 'newest' || words[0] === 'older' ? words.shift() : undefined
const asked = words

/** Not the builds: an environment with another client takes minutes to make, and asks nothing else of the server. */
const filesOfOlderClient = new Set(['test_tracking.py', 'test_functions.py', 'test_jobs.py'])

const clientEnvironment = (url: string, data: string) => ({
  ...process.env,
  MLRUN_DBPATH: url,
  MLRUN_IGNORE_ENV_FILE: 'true',
  // What goes wrong is to be seen at once, not after three tries.
  MLRUN_HTTPDB__RETRY_API_CALL_ON_EXCEPTION: 'disabled',
  MLFLOW_TRACKING_URI: url,
  MLFLOW_DISABLE_TELEMETRY: 'true',
  PYTHONWARNINGS: 'ignore',
  TRAINYARD_PROGRAM: `${process.execPath} ${program}`,
  TRAINYARD_TEST_DATA: data,
  TRAINYARD_SEEDS: join(here, 'seeds'),
})

async function clientTests(python: string, only?: ReadonlySet<string>): Promise<void> {
  const data = join(folder, only ? 'older' : 'newest')
  // The server finds the Python that runs jobs where its user does.
  process.env['PATH'] = `${dirname(python)}:${process.env['PATH']}`
  await using server = await ServerProcess.start(data)
  const files = readdirSync(here).filter((name) => /^test_.*\.py$/.test(name) && (only?.has(name) ?? true))
  for (const file of files.filter((name) => asked.length === 0 || asked.includes(name))) {
    const started = performance.now()
    const { status, stdout, stderr } = spawnSync(python, ['-W', 'ignore', join(here, file)], {
      env: clientEnvironment(server.url, data),
      cwd: folder,
      encoding: 'utf8',
    })
    const summary = /^Ran \d+ tests? in .*$/m.exec(stderr)?.[0] ?? ''
    console.log(`${file}: ${summary || 'did not run'} (${((performance.now() - started) / 1000).toFixed(0)} s with imports)`)
    for (const line of stdout.match(/^measured:.*$/gm) ?? []) console.log(`  ${line}`)
    if (status === 0) continue
    failures.push(only ? `${file} with the older client` : file)
    console.log(`${stdout.slice(-20_000)}\n${stderr}`)
  }
}

try {
  const newest = client === 'older' ? undefined : pythonWithClient('requirements.txt', here)
  if (newest !== undefined) await clientTests(newest)
  const older = client === 'newest' ? undefined : pythonWithClient('requirements-older.txt', here)
  if (older !== undefined) await clientTests(older, filesOfOlderClient)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const failure of failures) console.log(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
