// The main job on real data: sets up what is missing, then runs the example that trains XGBoost on the iris flowers.
import { join } from 'node:path'
import { requirePython, setUp } from './setup.mjs'
import { root, run } from './steps.mjs'

await setUp(import.meta.url)
await requirePython()
const { code } = await run(process.execPath, [join(root, 'examples', 'iris-xgboost', 'demo.mjs'), ...process.argv.slice(2)], {
  show: true,
})
process.exitCode = code
