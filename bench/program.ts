import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openSqliteDatabase } from '../packages/platform/src/database/index.ts'
import { fillSearchStore } from './search-store.ts'

interface Row {
  name: string
  value: number
  unit: string
  baseline?: number
  budget?: number
}

const program = fileURLToPath(new URL('../packages/platform/bin/trainyard.js', import.meta.url))
const rounds = 15

/** As users have it: Python keeps what it compiled. Some machines forbid that, and would compile our harness at every start. */
const { PYTHONDONTWRITEBYTECODE: _forbidden, ...environment } = process.env

function elapsedMs(command: string, arguments_: readonly string[], folder: string): number {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(command, arguments_, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status !== 0) throw new Error(`${command} ${arguments_.join(' ')} ended with ${status}: ${stderr.toString()}`)
  return performance.now() - startedAt
}

const median = (values: readonly number[]): number => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!

/** Rounds alternate, so that a busy moment of the machine meets all of them alike. */
function alternate(commands: readonly (() => number)[]): number[] {
  const times = commands.map((): number[] => [])
  for (const command of commands) command()
  for (let round = 0; round < rounds; round++) for (const [index, command] of commands.entries()) times[index]!.push(command())
  return times.map(median)
}

/** Whole processes, as a user waits for them. */
export async function measure({ python }: { python: () => Promise<string> }): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'))
  try {
    const interpreter = await python()
    writeFileSync(join(folder, 'empty.py'), 'print("done")\n')
    writeFileSync(
      join(folder, 'points.py'),
      'import trainyard\ncontext = trainyard.get_or_create_ctx("points")\nfor step in range(1_000_000):\n    context.log_metric("loss", step * 0.5, step=step)\n',
    )
    const trainyard = (...words: string[]): number => elapsedMs(process.execPath, [program, ...words], folder)
    const launcher = `require('node:child_process').spawn(${JSON.stringify(interpreter)}, ['empty.py'], { stdio: 'inherit' })`
    const [bare, launched, tracked, help, node] = alternate([
      () => elapsedMs(interpreter, ['empty.py'], folder),
      // The least that a program in Node can do: start, start the script, end.
      () => elapsedMs(process.execPath, ['-e', launcher], folder),
      () => trainyard('run', 'empty.py', '--python', interpreter, '--quiet'),
      () => trainyard('--help'),
      () => elapsedMs(process.execPath, ['-e', '0'], folder),
    ])
    return [
      { name: 'trainyard --help', value: help!, unit: 'ms', baseline: node!, budget: 150 },
      {
        name: 'local run: more than python script.py',
        value: tracked! - bare!,
        unit: 'ms',
        baseline: launched! - bare!,
        budget: 60,
      },
      {
        name: 'script logging 1,000,000 points, all stored',
        value: trainyard('run', 'points.py', '--python', interpreter, '--quiet'),
        unit: 'ms',
        budget: 3000,
      },
      await listing(folder, node!),
      ...(await sweep(folder, interpreter)),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function listing(folder: string, nodeMs: number): Promise<Row> {
  const data = join(folder, 'large')
  mkdirSync(join(data, 'runs'), { recursive: true })
  {
    await using database = await openSqliteDatabase(join(data, 'trainyard.db'))
    await fillSearchStore(database, 100_000)
  }
  const [ls] = alternate([() => elapsedMs(process.execPath, [program, 'ls', '--data', data], folder)])
  return { name: 'ls on 100,000 runs', value: ls!, unit: 'ms', baseline: nodeMs, budget: 250 }
}

const iterations = 1000

/** A process that has imported the usual libraries, forking and waiting without anything else. */
const bareForks = `
import os, sys, time, gc
import numpy, pandas, sklearn.ensemble, xgboost
gc.freeze()
started = time.perf_counter()
for _ in range(${iterations}):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
print((time.perf_counter() - started) * 1000 / ${iterations})
`

async function sweep(folder: string, python: string): Promise<Row[]> {
  writeFileSync(
    join(folder, 'warm.py'),
    'import numpy, pandas, sklearn.ensemble, xgboost\n\ndef handler(context, n=0):\n    context.log_result("value", n)\n',
  )
  const bare = spawnSync(python, ['-c', bareForks], { cwd: folder, encoding: 'utf8' })
  const values = JSON.stringify(Array.from({ length: iterations }, (_, index) => index))
  const words = [
    'run',
    'warm.py:handler',
    '--python',
    python,
    '-x',
    `n=${values}`,
    '--selector',
    'max.value',
    '--parallel',
    '1',
    '--json',
    '--quiet',
  ]
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  await new Promise((resolve) => child.once('close', resolve))
  const { startedAtMs, endedAtMs } = JSON.parse(told) as { startedAtMs: number; endedAtMs: number }
  const importsMs = elapsedMs(python, ['-c', 'import numpy, pandas, sklearn.ensemble, xgboost'], folder)
  const baseline = Number(bare.stdout)
  return [
    {
      name: 'sweep: one of 1,000 iterations, warm',
      value: (endedAtMs - startedAtMs - importsMs) / iterations,
      unit: 'ms',
      baseline,
      budget: 1.3 * baseline,
    },
  ]
}
