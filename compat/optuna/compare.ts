/**
 * Our TPE beside Optuna's, on the same functions with the same number of trials.
 *
 *     node --conditions=trainyard-source compat/optuna/compare.ts [--record]
 *
 * Makes a virtual environment with the pinned Optuna in the user's cache, runs `compare_tpe.py` in it, and checks three things:
 *
 * 1. The recorded results (`optuna-results.json`, which the quick unit test uses) are still what Optuna finds: each recorded median
 *    lies between the quartiles of the fresh run. `--record` writes the fresh ones instead.
 * 2. Our median best value is not worse than Optuna's. Medians of 30 seeds scatter, so "not worse" means: not above the upper end
 *    of the 95 % bootstrap interval of Optuna's own median. A sampler as good as Optuna's passes; one that is worse by more than
 *    chance does not.
 * 3. Our median is below the best quarter of random search with as many trials.
 *
 * Everything is seeded, so that a run can only fail after a change. It takes about two minutes; the exit code is 0 or 1.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRandom } from '../../packages/platform/src/tuning/random.ts'
import { optunaResults, type PeerResult, quantile, smallestValue } from '../../packages/platform/src/tuning/testing/optimise.ts'
import { type StandardFunction, standardFunctions } from '../../packages/platform/src/tuning/testing/standard-functions.ts'

const here = dirname(fileURLToPath(import.meta.url))
const recordedPath = join(here, 'optuna-results.json')
const requirements = join(here, 'requirements.txt')

/** The environment is made once per set of requirements. */
const pythonWithOptuna = (): string => {
  const pinned = readFileSync(requirements, 'utf8')
    .trim()
    .replaceAll(/[^\w.]+/g, '-')
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'trainyard-compat', pinned)
  const python = join(folder, 'bin', 'python')
  const ready = join(folder, 'ready')
  if (!existsSync(ready)) {
    console.log(`Making ${folder} with ${pinned}`)
    execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'inherit' })
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], {
      stdio: 'inherit',
    })
    writeFileSync(ready, '')
  }
  return python
}

const runOptuna = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-optuna-'))
  try {
    const target = join(folder, 'results.json')
    execFileSync(pythonWithOptuna(), [join(here, 'compare_tpe.py'), target], { stdio: 'inherit' })
    return readFileSync(target, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Upper end of the 95 % bootstrap interval of the median. */
const medianUpperBound = (values: readonly number[]): number => {
  const random = createRandom(0)
  const medians = Array.from({ length: 2_000 }, () =>
    quantile(
      values.map(() => values[random.index(values.length)]!),
      0.5,
    ),
  )
  return quantile(medians, 0.975)
}

const told = (values: readonly number[]): string =>
  [0.25, 0.5, 0.75].map((share) => quantile(values, share).toFixed(4)).join('  ')

/** Sentences about what does not hold. */
const compare = (problem: StandardFunction, fresh: PeerResult, recorded: PeerResult | undefined): string[] => {
  const seeds = fresh.best.map((_, seed) => seed)
  const ours = seeds.map((seed) => smallestValue(problem, 'tpe', seed))
  const random = seeds.map((seed) => smallestValue(problem, 'random', seed))
  const bound = medianUpperBound(fresh.best)
  console.log(`${problem.name}, ${problem.trials} trials, ${seeds.length} seeds (lower quartile, median, upper quartile)`)
  console.log(
    `  ours    ${told(ours)}\n  Optuna  ${told(fresh.best)}   median at most ${bound.toFixed(4)}\n  random  ${told(random)}`,
  )
  const difference = Math.abs(problem.evaluate(fresh.checkpoint.parameters) - fresh.checkpoint.value)
  const recordedMedian = recorded === undefined ? Number.NaN : quantile(recorded.best, 0.5)
  const holds: [boolean, string][] = [
    [difference < 1e-9 && fresh.trials === problem.trials, 'both sides must optimise the same function'],
    [
      recordedMedian >= quantile(fresh.best, 0.25) && recordedMedian <= quantile(fresh.best, 0.75),
      'the recorded results are out of date',
    ],
    [quantile(ours, 0.5) <= bound, "our median is worse than Optuna's"],
    [quantile(ours, 0.5) < quantile(random, 0.25), 'our median is not clearly better than random search'],
  ]
  return holds.flatMap(([held, sentence]) => (held ? [] : [`${problem.name}: ${sentence}`]))
}

const text = runOptuna()
if (process.argv.includes('--record')) writeFileSync(recordedPath, text)
const fresh = optunaResults(text)
const recorded = optunaResults(readFileSync(recordedPath, 'utf8'))
const failures = standardFunctions.flatMap((problem) => compare(problem, fresh[problem.name]!, recorded[problem.name]))
for (const failure of failures) console.error(failure)
console.log(failures.length === 0 ? 'Our TPE holds its own.' : `${failures.length} checks failed.`)
process.exitCode = failures.length === 0 ? 0 : 1
