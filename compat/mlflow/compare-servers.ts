/**
 * Our server beside a real MLflow server.
 *
 *     node --conditions=trainyard-source compat/mlflow/compare-servers.ts
 *
 * The same random questions to both (`compare_*.py`), and records moved to such a server and back (`move/`). The exit code is 0 or 1;
 * where the client cannot be installed it says so loudly.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientEnvironment, here, pythonWithClient } from './client-environment.ts'
import { moveRecords } from './move/move.ts'
import { RealServer } from './real-server.ts'
import { ServerProcess } from './server-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'trainyard-mlflow-servers-'))
const failures: string[] = []

/** The same questions to both servers, each with nothing in it yet. */
async function compareWithRealServer(python: string): Promise<void> {
  await using server = await ServerProcess.start(join(folder, 'compared'))
  const { url } = server
  await using real = await RealServer.start(python, mkdtempSync(join(folder, 'real-')))
  for (const [file, addresses] of [
    ['compare_search.py', [url, real.url]],
    ['compare_registry.py', [real.url, url]],
    ['compare_traces.py', [url, real.url]],
    ['compare_evaluation.py', [url, real.url]],
  ] as const) {
    const { status, stdout, stderr } = spawnSync(python, ['-W', 'ignore', join(here, file), ...addresses], {
      env: clientEnvironment(url),
      encoding: 'utf8',
    })
    console.log(`${file}: ${stdout.trim().split('\n').at(-1) ?? ''}`)
    if (status === 0) continue
    failures.push(file)
    console.log(stdout, stderr)
  }
}

const python = pythonWithClient()
if (python) {
  await compareWithRealServer(python)
  failures.push(...(await moveRecords(python, join(folder, 'moved'), clientEnvironment(''))))
}
rmSync(folder, { recursive: true })
for (const failure of failures) console.log(`FAILED ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
