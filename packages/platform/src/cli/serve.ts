import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { FastifyInstance } from 'fastify'
import { type Logger, pino } from 'pino'
import { systemClock } from '../base/clock.ts'
import { systemErrorCode, systemReason } from '../base/errors.ts'
import { readKeyFile } from '../base/secret-box.ts'
import { createRunTokens } from '../http/index.ts'
import { parsePostgresAddress } from '../database/index.ts'
import { capacityOf, createJobWorker, type JobWorker } from '../jobs/index.ts'
import { startNotifications } from '../notifications/index.ts'
import { startScheduler } from '../schedules/index.ts'
import { startDeliveries } from '../webhooks/index.ts'
import { adoptPromptly } from './adopt-promptly.ts'
import type { Cli } from './cli.ts'
import { sharedDatabase } from './database-place.ts'
import { functionsOf, jobsOf, openRecordServer } from './record-server.ts'
import { countOf } from './output/format.ts'
import { openJobExecution } from './run/job-execution.ts'
import { executionOf } from './run/start-execution.ts'
import { readServerNote, removeServerNote, writeServerNote } from './server-file.ts'
import { type ServerSettings, valuesOf } from './server-settings.ts'
import { tellingOf } from './session-notifications.ts'
import { openSession, type Session } from './session.ts'
import { secretBoxOf } from './session-secrets.ts'

const usualPort = 5_000
const portsToTry = 50

/** Serves the data directory until SIGINT or SIGTERM; requests under way are finished first. A second signal does not wait. */
export async function serve(cli: Cli, settings: ServerSettings): Promise<void> {
  const options = valuesOf(settings)
  const loopback = isLoopback(options.host)
  const { token } = options
  if (!loopback && !options.allowRemote)
    throw new AppError(
      'invalid_argument',
      `Other machines could reach ${options.host}; add --allow-remote if they should, and --token so that not everybody may write.`,
    )
  // Behind everything else: what is still closing must not be cut.
  using exit = exitWhenLeft()
  await using session = await openSession(cli, { create: true })
  requireNone(session)
  const log = pino({ level: options.log }, pino.destination({ fd: 2, sync: true }))
  // Kept, so that jobs started under one server go on with the next.
  const runSecret = readKeyFile(join(session.directory.path, 'job-tokens.key')).toString('base64url')
  const allowPrivate = options.allowPrivateAddresses
  await using deliveries = startDeliveries({
    database: session.database,
    secrets: secretBoxOf(session),
    allowPrivate,
    clock: systemClock,
    onProblem: (error) => log.error({ err: error }, 'webhooks cannot be delivered'),
  })
  await using _notifications = startNotifications(
    tellingOf(session, {
      allowPrivate,
      // The usual level shows warnings.
      print: (line) => log.warn({ notification: line }, 'notification'),
      onProblem: (error) => log.error({ err: error }, 'notifications cannot be sent'),
    }),
  )
  const execution = executionOf(cli, session)
  const wake = (): void => {
    worker?.wake()
    scheduler?.wake()
  }
  const worker = options.jobs ? await startWorker(cli, session, { options, log }) : undefined
  await using scheduler = options.jobs
    ? startScheduler({
        database: session.database,
        jobs: jobsOf(session, execution, wake),
        functions: functionsOf(session),
        secrets: secretBoxOf(session),
        clock: systemClock,
        onProblem: (error) => log.error({ err: error }, 'schedules cannot be fired'),
      })
    : undefined
  const app = await openRecordServer(session, {
    guard: {
      loopback,
      hosts: [options.host, ...options.allowHost],
      origins: options.allowOrigin,
      token,
      runTokens: createRunTokens(runSecret),
    },
    artifacts: options.artifacts,
    artifactRoots: options.artifactRoot,
    objects: session.objectContext,
    execution,
    // Whoever reaches a server could run programs on it.
    ...(loopback || token !== undefined ? { onJobs: wake } : {}),
    allowPrivate,
    onRegistryChange: () => deliveries.wake(),
    log,
    programName: cli.config.programName,
    // Where nobody but this machine comes, it is whoever started the server; behind a proxy it may be anybody.
    ...(loopback && token === undefined && options.allowHost.length === 0 ? { userName: cli.config.userName } : {}),
  })
  const url = await listen(app, options, cli)
  writeServerNote(session.directory.path, {
    url,
    startedAtMs: systemClock.nowMs(),
    runSecret,
    ...(options.jobs ? {} : { jobs: false }),
    ...(allowPrivate ? { allowPrivate: true } : {}),
  })
  if (!loopback && token === undefined) cli.warn(`Everybody who reaches ${url} may read and write: no --token was given.`)
  await announce(cli, session, url)
  if (options.open ?? cli.stdout.isTTY === true) openBrowser(url)
  using _adoption = adoptPromptly(cli, execution)
  await stopSignal()
  if (worker !== undefined && worker.running.size > 0) {
    cli.note(`${countOf(worker.running.size, 'job')} at work: what runs goes on, and the next server takes it over.`)
    exit.left = true
  }
  await worker?.leave()
  log.info('stopping: requests under way are finished')
  await closeServer(cli, app)
  removeServerNote(session.directory.path)
}

function requireNone({ directory }: Session): void {
  const running = readServerNote(directory.path)
  if (running)
    throw new AppError(
      'failed_precondition',
      `A server of this data directory runs already: ${running.url} (process ${running.process.pid}).`,
    )
}

/** Where it listens, and what it serves. */
async function announce(cli: Cli, { directory }: Session, url: string): Promise<void> {
  const shared = sharedDatabase(cli)
  const database = shared === undefined ? null : parsePostgresAddress(shared).display
  if (cli.globals.json) return await cli.printJson({ url, pid: process.pid, dataDirectory: directory.path, database })
  const served = database === null ? directory.path : `${database} and ${directory.path}`
  await cli.print(cli.globals.quiet ? url : `Serving ${served} on ${cli.style.bold(url)} (stop with Ctrl+C)`)
}

/** Requests under way are finished, unless another signal comes. */
async function closeServer(cli: Cli, app: FastifyInstance): Promise<void> {
  const forced = stopSignal().then(() => 'forced' as const)
  if ((await Promise.race([app.close(), forced])) !== 'forced') return
  cli.warn('Stopped at once: requests under way were cut off.')
  app.server.closeAllConnections()
}

/** Processes of jobs go on, and would keep this one waiting for their ends. */
const exitWhenLeft = (): Disposable & { left: boolean } => ({
  left: false,
  [Symbol.dispose]() {
    if (this.left) setTimeout(() => process.exit(), leaveMs).unref()
  },
})
const leaveMs = 100

async function startWorker(
  cli: Cli,
  session: Session,
  { options, log }: { options: ReturnType<typeof valuesOf>; log: Logger },
): Promise<JobWorker> {
  const { jobCpus: cpus, jobMemory: memory, jobGpus: gpus } = options
  return createJobWorker({
    database: session.database,
    secrets: secretBoxOf(session),
    execution: executionOf(cli, session),
    functionCode: {
      functions: functionsOf(session),
      sources: ({ allowLocal, signal }) => ({
        objects: session.objectContext,
        cacheFolder: join(session.directory.path, 'functions'),
        allowLocal,
        // What the user of this machine asks for is as if fetched by hand.
        allowPrivate: allowLocal || options.allowPrivateAddresses,
        environment: cli.config.environment,
        signal,
      }),
    },
    capacity: await capacityOf({
      ...(cpus === undefined ? {} : { cpus }),
      ...(memory === undefined ? {} : { memory }),
      ...(gpus === undefined ? {} : { gpus }),
      environment: cli.config.environment,
    }),
    openExecution: (run) => openJobExecution(cli, session, run),
    onProblem: (error) => log.error({ err: error }, 'jobs cannot be carried out'),
  })
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.')

/** The port asked for, or the usual one, or the next free one behind it, which is told. */
async function listen(
  app: FastifyInstance,
  { host, port: asked }: { host: string; port: number | undefined },
  cli: Cli,
): Promise<string> {
  for (let candidate = asked ?? usualPort; ; candidate++) {
    try {
      const address = await app.listen({ host, port: candidate })
      if (candidate !== (asked ?? usualPort)) cli.note(`Port ${usualPort} is taken; using ${candidate}.`)
      return address
    } catch (error) {
      const taken = systemErrorCode(error) === 'EADDRINUSE'
      if (taken && asked === undefined && candidate < usualPort + portsToTry) continue
      const reason = taken ? 'another program listens there; choose another with --port' : systemReason(error)
      throw new AppError('unavailable', `Cannot listen on ${host} port ${candidate}: ${reason}.`, { cause: error })
    }
  }
}

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })

function openBrowser(url: string): void {
  const command = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  // Without a desktop there is nothing to open, and the address is on the screen.
  spawn(command, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}
