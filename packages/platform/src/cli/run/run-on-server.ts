import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, isEnded, type RunRecord, type Task } from '@trainyard/contract'
import { locateCode, refuseEndpoint, resolveSecrets } from '../../execution/index.ts'
import type { JobPlan, NewJob } from '../../jobs/index.ts'
import type { Cli } from '../cli.ts'
import { shortId } from '../output/format.ts'
import { openRecords } from '../open-records.ts'
import { functionsOf, jobsOf } from '../record-server.ts'
import { checkAskedJob } from '../../schedules/index.ts'
import { checkReceiversOf } from '../session-notifications.ts'
import { openSession, type Session } from '../session.ts'
import { readServerNote } from '../server-file.ts'
import { wakeServer } from '../wake-server.ts'
import { recordedCommandLine } from './command-line.ts'
import { reportOutcome } from './outcome.ts'
import { parsePairs } from './parse-options.ts'
import type { RunOptions } from './run-options.ts'
import { executionOf } from './start-execution.ts'

interface Asked {
  task: Task
  parameterTexts: Record<string, string>
  options: RunOptions
  workingDirectory?: string
  sharedFolder?: string
  choices?: Record<string, string>
  /** The function it is a run of, where it is kept by the server that is asked. */
  functionReference?: string
}

/** Asks a server for the run, shows what it prints, and tells how it ended. Ctrl-C stops the showing, not the run. */
export async function runOnServer(cli: Cli, asked: Asked): Promise<void> {
  refuseEndpoint(asked.task)
  const { remote } = cli.config
  await using session =
    remote === undefined || cli.globals.data !== undefined ? await openSession(cli, { create: true }) : await openRecords(cli)
  const runId = session.remote === undefined ? await submitHere(cli, session, asked) : await submitThere(session, cli, asked)
  if (asked.options.detach) return await cli.print(runId)
  const record = await follow(cli, session, runId, asked.options)
  if (record === undefined) return
  if (record.kind === 'sweep' && session.remote === undefined) {
    const { reportSweep } = await import('./sweep-outcome.ts')
    return await reportSweep(cli, session, record)
  }
  await reportOutcome(cli, session, record)
}

/** What a server needs, as it is on this machine. */
export function planOf(
  cli: Cli,
  { task, parameterTexts, options, workingDirectory = cli.workingDirectory, sharedFolder, choices }: Asked,
): JobPlan & { secrets: Record<string, string> } {
  const environment = parsePairs('--env', options.env, 'KEY=VALUE')
  return {
    task,
    commandLine: recordedCommandLine(cli.argv, options.typed),
    workingDirectory,
    ...(sharedFolder === undefined ? {} : { sharedFolder }),
    ...(choices === undefined ? {} : { choices }),
    ...(Object.keys(parameterTexts).length === 0 ? {} : { parameterTexts }),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    ...(options.python === undefined ? {} : { python: options.python }),
    secrets: resolveSecrets(task.secrets ?? [], { environment: cli.config.environment, workingDirectory: cli.workingDirectory }),
  }
}

/** Whether somebody is there to carry jobs out, as far as this data directory tells. */
function isServed({ directory }: Session): boolean {
  const note = readServerNote(directory.path)
  return note !== undefined && note.jobs !== false
}

async function submitHere(cli: Cli, session: Session, asked: Asked): Promise<string> {
  const { detach, waitForServer } = asked.options
  if (detach !== true && waitForServer !== true && !isServed(session))
    throw new AppError(
      'failed_precondition',
      `No server of ${session.directory.path} carries out jobs: start one (${cli.config.programName} up), or queue the run for the next one with --detach or --wait-for-server.`,
    )
  const note = readServerNote(session.directory.path)
  // Of the server that is yet to be started, nothing is known.
  await checkReceiversOf(session, asked.task, { allowPrivate: note === undefined || note.allowPrivate === true })
  const jobs = jobsOf(session, executionOf(cli, session))
  const job: NewJob = { ...planOf(cli, asked), owner: cli.config.userName, host: hostname() }
  // A function that is kept was looked at when it was laid out.
  if (asked.workingDirectory === undefined) await checkAskedJob(functionsOf(session), job, job.task.project ?? 'default')
  const { runId } = await jobs.submit({ ...job, ...(asked.options.runId === undefined ? {} : { runId: asked.options.runId }) })
  if (!wakeServer(session.directory.path))
    cli.note(`${shortId(runId)} waits for a server; start one with: ${cli.config.programName} up`)
  return runId
}

/** Another machine does not see this one's files: the script is sent along. */
export function portable(
  cli: Cli,
  plan: ReturnType<typeof planOf>,
): Omit<ReturnType<typeof planOf>, 'workingDirectory' | 'sharedFolder' | 'choices'> {
  refuseEndpoint(plan.task)
  const { workingDirectory: _here, sharedFolder: _shared, choices: _choices, ...rest } = plan
  const { file } = locateCode(plan.task, cli.workingDirectory)
  if (plan.task.program !== undefined) return rest
  if (plan.task.requirements?.some((each) => each.startsWith('-r') || each.endsWith('.toml')))
    throw new AppError('invalid_argument', 'A file of requirements stays here: name the packages, with commas between them.')
  const name = basename(file.script)
  return {
    ...rest,
    task: { ...plan.task, command: name, ...(file.handler === undefined ? {} : { handler: file.handler }) },
    code: { name, text: readFileSync(file.script, 'utf8') },
  }
}

async function submitThere({ remote }: Session, cli: Cli, asked: Asked): Promise<string> {
  if (asked.functionReference !== undefined) {
    const { runRemoteFunction } = await import('../functions/remote-functions.ts')
    const { task: own, ...rest } = planOf(cli, asked)
    return await runRemoteFunction(remote!, asked.functionReference, { ...rest, task: withoutValues(own) })
  }
  const { task, ...plan } = portable(cli, planOf(cli, asked))
  const body = { ...plan, task: withoutValues(task) }
  const { job } = await remote!.json<{ job: { runId: string } }>('POST', '/jobs', { body })
  return job.runId
}

/** Where secrets come from is of this machine; their values travel apart. */
export const withoutValues = ({ secrets: _secrets, ...task }: Task): Task => task

const soonMs = 25
const laterMs = 200

/** Shows the output until the run has ended; undefined when the user did not want to wait. */
async function follow(
  cli: Cli,
  session: Session,
  runId: string,
  { waitForServer = false }: RunOptions,
): Promise<RunRecord | undefined> {
  const { runs, logs } = session.tracking
  const left = new AbortController()
  const leave = (): void => left.abort()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, leave)
  let [end, pauseMs, told] = [0, soonMs, '']
  try {
    for (;;) {
      // The state is read first: what is stored before a run ends is then surely seen.
      const record = await runs.get(runId)
      const before = end
      for await (const chunk of logs.read(runId, { offset: end })) {
        if (!cli.globals.quiet) await (cli.globals.json ? Promise.resolve(cli.stderr.write(chunk.bytes)) : cli.write(chunk.bytes))
        end = chunk.offset + chunk.bytes.length
      }
      if (isEnded(record.state)) return record
      // Whatever runs goes on without its server; what waits would wait for ever.
      if (record.state === 'pending' && session.remote === undefined && !waitForServer && !isServed(session))
        throw new AppError(
          'failed_precondition',
          `The server has ended, and ${shortId(runId)} waits for the next one: start it with ${cli.config.programName} up, or take the run back with ${cli.config.programName} jobs cancel ${shortId(runId)}.`,
        )
      const why = record.state === 'pending' ? (record.stateReason ?? '') : ''
      if (why !== told && why.startsWith('wait')) cli.note(`${shortId(runId)} ${why}`)
      told = why
      if (left.signal.aborted) {
        cli.note(`The run goes on; stop it with: ${cli.config.programName} abort ${shortId(runId)}`)
        return undefined
      }
      pauseMs = end > before ? soonMs : Math.min(laterMs, pauseMs * 1.1)
      await sleep(pauseMs, undefined, { signal: AbortSignal.any([left.signal, cli.signal]) }).catch(() => {})
      if (cli.signal.aborted) return undefined
    }
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, leave)
  }
}
