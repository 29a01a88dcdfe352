// Everything that must hold: the checks, the Python package under every Python at hand, comparisons with peers, and the test suite,
// whose own summary comes last. `--quick` leaves the comparisons (about two minutes) out; other arguments go to Vitest.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { check } from './check.mjs'
import { installDebianPackages, prepareEngines, prepareTestEnvironment, requirePython, setUp } from './setup.mjs'
import { programStep, root, run, runSteps, say } from './steps.mjs'

await setUp(import.meta.url)
await installDebianPackages()
const pythons = await requirePython()
await prepareEngines()
const preferred = pythons.find(({ version }) => version.startsWith('3.11.')) ?? pythons.at(-1)
// Sorted by version.
const oldest = pythons[0]
const testPython = await prepareTestEnvironment(preferred.executable)

const quick = process.argv.includes('--quick')
const forVitest = process.argv.slice(2).filter((argument) => argument !== '--quick')
const python = { ...process.env, PYTHONPATH: join(root, 'python'), PYTHONDONTWRITEBYTECODE: '1' }

/** Python's own last line ("OK (skipped=3)") is worth showing. */
const pythonStep = (name, executable) => ({
  name,
  run: async () => {
    const { code, output } = await run(executable, ['-m', 'unittest', 'discover', '-s', 'python/tests', '-t', 'python/tests'], {
      env: python,
    })
    const lines = output.trim().split('\n')
    return {
      ok: code === 0,
      details: output,
      note: `${lines.find((line) => /^Ran \d+ tests?/.test(line))?.replace(/ in .*/, '') ?? ''} ${lines.findLast((line) => /^(OK|FAILED)/.test(line)) ?? ''}`,
    }
  },
})

/** Each `compat/<peer>/compare*.ts` compares us with a peer and ends with 0 or 1. */
function comparisons() {
  const folder = join(root, 'compat')
  const programs = existsSync(folder)
    ? readdirSync(folder, { recursive: true }).filter((path) => /^[^/]+\/compare[^/]*\.ts$/.test(path))
    : []
  return programs.map((path) => {
    const [, peer, part = ''] = /^([^/]+)\/compare-?(.*)\.ts$/.exec(path)
    const name = `beside ${peer}${part && `, ${part}`}`
    return programStep(name, process.execPath, ['--conditions=trainyard-source', join('compat', path)])
  })
}

const failed = await check()
failed.push(
  ...(await runSteps(
    [
      // The longest come first, so that none is left alone at the end.
      ...(quick ? [] : comparisons()),
      ...pythons.map(({ executable, version }) => pythonStep(`Python ${version}`, executable)),
      pythonStep(`Python ${preferred.version} with packages`, testPython),
    ],
    // They wait for servers and disks now and then: one more than the cores of a small machine.
    3,
  )),
)
if (quick) say('left out   comparisons with peers (--quick)')

// Tests that run Python code with packages find them here.
const { code } = await run(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...forVitest], {
  show: true,
  env: { ...process.env, TRAINYARD_TEST_PYTHON: testPython, TRAINYARD_OLDEST_PYTHON: oldest.executable },
})
if (failed.length > 0) say(`failed before the test suite: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 || code !== 0 ? 1 : 0
