// The fault tests, many times over: `node testing/faults/long.mjs [times]` (default 10). Takes about a minute per time; the output
// tests grow to 1 GB and a line of 100 MB. Ends with the exit code of the tests.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const times = Number(process.argv[2] ?? 10)
if (!Number.isFinite(times) || times <= 0) {
  console.error('error: give how many times as much as in the usual run, for example 10.')
  process.exit(2)
}
const child = spawn(
  process.execPath,
  [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', 'testing/faults', `--testTimeout=${Math.ceil(times) * 300_000}`],
  { cwd: root, stdio: 'inherit', env: { ...process.env, TRAINYARD_FAULT_ROUNDS: String(times) } },
)
child.once('exit', (code) => {
  process.exitCode = code ?? 1
})
