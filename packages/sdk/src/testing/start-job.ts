import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { JobSpec, JournalEntry } from '@trainyard/contract'
import { newRunId } from '@trainyard/contract/ids'
import { readJournal } from './read-journal.ts'

const harness = fileURLToPath(new URL('../harness.ts', import.meta.url))

/** Shared by the processes of all tests: reading the sources anew takes half a second each. */
const compileCache = join(tmpdir(), 'trainyard-sdk-compile-cache')

export const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

const made: string[] = []

/** Removed by `removeTemporaryFolders`, which each file of tests calls after its last. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'trainyard-sdk-')))
  made.push(folder)
  return folder
}

export function removeTemporaryFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

export interface StartedJob {
  job: JobSpec
  child: ChildProcess
  ended: Promise<EndedJob>
}

export interface EndedJob {
  code: number | null
  signal: NodeJS.Signals | null
  output: string
  journal: JournalEntry[]
}

/** What a test wants different from a plain job. */
export type JobChanges = Partial<Omit<JobSpec, 'run'>> & { run?: Partial<JobSpec['run']>; environment?: Record<string, string> }

/** Starts the real harness in a process, as a supervisor would. */
export function startJob(script: string, changes: JobChanges = {}): StartedJob {
  const { environment, run, ...rest } = changes
  const folder = temporaryFolder()
  const id = newRunId(Date.now())
  const runDirectory = join(folder, 'runs', id)
  mkdirSync(runDirectory, { recursive: true })
  const job: JobSpec = {
    run: { id, name: 'test', project: 'default', experiment: '', iteration: 0, attempt: 1, labels: {}, ...run },
    script,
    arguments: [],
    parameters: {},
    inputs: {},
    secrets: {},
    outPath: join(folder, 'artifacts', id),
    runDirectory,
    ...rest,
  }
  const child = spawn(process.execPath, ['--conditions=trainyard-source', harness], {
    cwd: folder,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...environment, TRAINYARD_CONTROL_FD: '3', TRAINYARD_HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const output: Buffer[] = []
  child.stdout?.on('data', (bytes: Buffer) => output.push(bytes))
  child.stderr?.on('data', (bytes: Buffer) => output.push(bytes))
  ;(child.stdio[3] as Writable).end(`${JSON.stringify(job)}\n`)
  const ended = new Promise<EndedJob>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, output: Buffer.concat(output).toString('utf8'), journal: readJournal(runDirectory) })
    })
  })
  return { job, child, ended }
}

export const runJob = (script: string, changes?: JobChanges): Promise<EndedJob> => startJob(script, changes).ended

/** Resolves when the child has printed `text`. */
export const printed = (child: ChildProcess, text: string): Promise<void> =>
  new Promise((resolve) => {
    let seen = ''
    child.stdout?.on('data', (bytes: Buffer) => {
      seen += bytes.toString('utf8')
      if (seen.includes(text)) resolve()
    })
  })
