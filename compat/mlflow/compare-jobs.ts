/**
 * Jobs that keep their records as MLflow's frameworks do, and a server that is killed while clients write.
 *
 *     node --conditions=trainyard-source compat/mlflow/compare-jobs.ts
 *
 * A real training with each framework under `--autolog`, then 50 servers killed in the middle of their work. The exit code is 0 or 1;
 * where packages cannot be installed it says so loudly and the rest still counts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { autologEveryFramework, autologLightning } from './autolog.ts'
import { pythonWithClient } from './client-environment.ts'
import { killUnderLoad } from './kill-under-load.ts'
import { pythonWithLightning } from './lightning-environment.ts'

const folder = mkdtempSync(join(tmpdir(), 'trainyard-mlflow-jobs-'))
const failures: string[] = []

const withFrameworks = pythonWithClient('requirements-autolog.txt')
if (withFrameworks) failures.push(...(await autologEveryFramework(withFrameworks, folder)))
const withLightning = pythonWithLightning()
if (withLightning) failures.push(...(await autologLightning(withLightning, folder)))
const rounds = 50
const { acknowledged, problems } = await killUnderLoad(join(folder, 'killed'), rounds)
console.log(`kill -9 under load: ${rounds} rounds, ${acknowledged} acknowledged writes, ${problems.length} problems`)
failures.push(...problems)
rmSync(folder, { recursive: true })
for (const failure of failures) console.log(`FAILED ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
