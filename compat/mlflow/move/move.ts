import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { mysqlProblem, startMysqlServer } from '../../../testing/engines/mysql-server.mjs'
import { postgresProblem, startPostgresServer } from '../../../testing/engines/postgres-server.mjs'
import { here } from '../client-environment.ts'
import { RealServer } from '../real-server.ts'
import { program, ServerProcess, trainyard } from '../server-process.ts'

/** How often a move is killed before it may end. */
const kills = 3

/**
 * Records go to a real MLflow server and come back from it, from its database and from a folder of its file store. Each time both sides
 * are compared through the official client, and each move is killed several times before it may finish. Returns what went wrong.
 */
export async function moveRecords(python: string, folder: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const problems: string[] = []
  const runPython = (what: string, ...words: string[]): void => {
    const options = { env: { ...environment, MLFLOW_ALLOW_FILE_STORE: 'true' }, cwd: folder, encoding: 'utf8' } as const
    const { status, stdout, stderr } = spawnSync(python, ['-W', 'ignore', ...words], options)
    console.log(`${what}: ${stdout.trim().split('\n').at(-1) ?? ''}`)
    if (status === 0) return
    problems.push(what)
    console.log(stdout, stderr.slice(-4000))
  }
  const [fill, compare] = ['fill.py', 'compare.py'].map((name) => join(here, 'move', name)) as [string, string]
  mkdirSync(folder, { recursive: true })

  await using real = await RealServer.start(python, folder)
  {
    await using ours = await ServerProcess.start(join(folder, 'origin'))
    runPython('filled', fill, ours.url)
    await killedAndFinished(['export', 'mlflow', real.url], join(folder, 'origin'), folder, problems)
    runPython('to a server', compare, ours.url, real.url, '--new-ids')
  }
  const mlruns = join(folder, 'files', 'mlruns')
  runPython('filled a folder', fill, `file://${mlruns}`)
  for (const [name, source, other] of [
    ['from a server', real.url, real.url],
    ['from its database', join(folder, 'mlflow.db'), real.url],
    ['from a folder', mlruns, `file://${mlruns}`],
  ] as const) {
    const data = join(folder, name.replaceAll(' ', '-'))
    await killedAndFinished(['import', 'mlflow', source], data, join(data, 'artifacts'), problems)
    const again = JSON.parse(await trainyard('import', 'mlflow', source, '--data', data, '--json')) as Again
    if (again.points + again.files + again.runs.changed + again.runs.made + again.traces.changed + again.traces.made > 0)
      problems.push(`${name}: a second import took something again`)
    await using ours = await ServerProcess.start(data)
    runPython(name, compare, other, ours.url, ...(other.startsWith('file:') ? ['--traces'] : []))
  }
  for (const engine of engines)
    await fromEngine(python, join(folder, engine.name), engine, { fill, compare, runPython, problems })
  return problems
}

interface Engine {
  name: string
  /** Why it cannot be started here. */
  problem(): string | undefined
  start(): Promise<{ url: string; stop(): Promise<void> }>
  /** The server's address as MLflow takes it. */
  toMlflow(url: string): string
}

const engines: readonly Engine[] = [
  {
    name: 'postgres',
    problem: postgresProblem,
    start: () => startPostgresServer(),
    // The long name of the scheme only.
    toMlflow: (url) => url.replace(/^postgres:/, 'postgresql:'),
  },
  {
    name: 'mysql',
    problem: mysqlProblem,
    start: () => startMysqlServer(),
    toMlflow: (url) => url.replace(/^mysql:/, 'mysql+pymysql:'),
  },
]

/** From the database server that a real MLflow server works on, while it works. */
async function fromEngine(
  python: string,
  folder: string,
  engine: Engine,
  { fill, compare, runPython, problems }: Pythons & { problems: string[] },
): Promise<void> {
  const reason = engine.problem()
  if (reason !== undefined) {
    console.log(`NOT RUN: from the ${engine.name} of a server: ${reason}`)
    return
  }
  mkdirSync(folder)
  const database = await engine.start()
  const address = engine.toMlflow(database.url)
  try {
    await using real = await RealServer.start(python, folder, address)
    runPython(`filled a server on ${engine.name}`, fill, real.url)
    const data = join(folder, 'data')
    await killedAndFinished(['import', 'mlflow', address], data, join(data, 'artifacts'), problems)
    const again = JSON.parse(await trainyard('import', 'mlflow', address, '--data', data, '--json')) as Again
    if (again.points + again.files + again.runs.changed + again.runs.made > 0)
      problems.push(`from ${engine.name}: a second import took something again`)
    await using ours = await ServerProcess.start(data)
    runPython(`from its ${engine.name}`, compare, real.url, ours.url)
  } finally {
    await database.stop()
  }
}

interface Pythons {
  fill: string
  compare: string
  runPython(what: string, ...words: string[]): void
}

interface Again {
  points: number
  files: number
  runs: { made: number; changed: number }
  traces: { made: number; changed: number }
}

/** Killed once so many files lie below `watched`, again and again; then left to end. */
async function killedAndFinished(words: string[], data: string, watched: string, problems: string[]): Promise<void> {
  const start = (): ChildProcess => spawn(process.execPath, [program, ...words, '--data', data, '--json'], { stdio: 'ignore' })
  const before = filesBelow(watched)
  for (let round = 1; round <= kills; round++) {
    const child = start()
    const ended = once(child, 'exit')
    while (child.exitCode === null && filesBelow(watched) < before + round * 8)
      await new Promise((resolve) => setTimeout(resolve, 5))
    child.kill('SIGKILL')
    await ended
  }
  const last = start()
  const [code] = (await once(last, 'exit')) as [number | null]
  if (code !== 0) problems.push(`${words.join(' ')}: ended with ${code}`)
}

const filesBelow = (folder: string): number => (existsSync(folder) ? readdirSync(folder, { recursive: true }).length : 0)
