import { createReadStream, createWriteStream } from 'node:fs'
import { hostname } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { ExpectedCall, JsonObject, RunExit, WarmCommand, WarmEvent } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import { diagnoseStart } from './diagnose-start.ts'
import type { Execution } from './execution.ts'
import { BrokenWorkerError, type IterationProcess, type IterationRunner } from './iteration-runner.ts'
import { definedOnly } from './start-process.ts'
import { planWarmWorker } from './launchers/python.ts'
import { type PreparedRun, toJobSpec } from './prepared-run.ts'
import { isAlive, startTicksOf } from './process-identity.ts'
import type { RunDirectory } from './run-directory.ts'
import { signalGroup, startLocalProcess, type StopRequest } from './substrates/local-process.ts'
import { outOfMemoryKills, ranOutOfMemory } from './substrates/out-of-memory.ts'

interface Forked {
  identity: { pid: number; startTicks: number } | undefined
  resolveExit: (exit: RunExit) => void
  resolveIdentity: (identity: { pid: number; startTicks: number } | undefined) => void
  stopping: StopRequest['because'] | undefined
  outOfMemoryKillsBefore: number | undefined
}

interface Channel {
  control: Writable
  events: Readable
  /** Resolves when the worker process itself has ended. */
  ended: Promise<RunExit>
  stop(): void
  /** When it is ours to watch. */
  worker?: { pid: number; startTicks: number }
}

export interface WarmWorker extends IterationRunner {
  readonly forkSafe: boolean
  /** Why forking would be unsafe. */
  readonly reason: string | undefined
  readonly interpreter: JsonObject
  readonly pid: number
}

/**
 * A Python process that has imported the user's module and forks once per iteration, so that imports (seconds, with the usual
 * libraries) are paid once and a fork costs about 12 ms. Fails with `BrokenWorkerError` when the module or handler is no good.
 */
export async function openWarmWorker(
  execution: Execution,
  run: PreparedRun,
  options: { directory: RunDirectory; signal: AbortSignal; parallel: number; varied: ExpectedCall['varied'] },
): Promise<WarmWorker> {
  const plan = planWarmWorker({
    environment: execution.environment,
    workingDirectory: run.workingDirectory,
    interpreter: run.interpreter,
    choices: run.choices,
    programCommand: execution.programCommand,
    dataDirectory: execution.directory.path,
  })
  const environment = {
    ...definedOnly(execution.environment),
    ...plan.environment,
    ...run.environment,
    ...run.clientEnvironment,
  }
  const child = startLocalProcess(
    { ...plan, environment },
    {
      outputFile: options.directory.output,
      inheritStdin: false,
    },
  )
  const stop = (): void => child.stop({ graceMs: 2000, because: { kind: 'cancelled' } })
  // Imports may take minutes, or hang.
  options.signal.addEventListener('abort', stop)
  try {
    return await connect(
      {
        control: child.control,
        events: child.events,
        ended: child.exit,
        stop,
        worker: { pid: child.pid, startTicks: child.startTicks },
      },
      {
        type: 'load',
        script: run.script,
        handler: run.handler ?? '',
        workingDirectory: run.workingDirectory,
        parallel: options.parallel,
        expected: {
          parameters: run.parameters,
          parameterTexts: run.parameterTexts,
          inputs: Object.keys(run.inputs),
          varied: options.varied,
        },
        autolog: run.autolog,
        ...(run.autologPackages === undefined ? {} : { autologPackages: run.autologPackages }),
      },
    )
  } catch (error) {
    stop()
    if (error instanceof BrokenWorkerError && error.told.type === endedEarly)
      throw new BrokenWorkerError(await diagnoseStart(run, { error: error.told, reason: null }))
    throw error
  } finally {
    options.signal.removeEventListener('abort', stop)
  }
}

const endedEarly = 'ended_early'

/** A worker that is already there: the notebook process that called `run_local` with a function of its own. */
export async function attachWarmWorker(descriptors: { control: number; events: number }): Promise<WarmWorker> {
  const events = createReadStream('', { fd: descriptors.events })
  const ended = new Promise<RunExit>((resolve) => events.once('close', () => resolve({ kind: 'exited', code: 0 })))
  return connect({ control: createWriteStream('', { fd: descriptors.control }), events, ended, stop: () => undefined }, undefined)
}

async function connect(channel: Channel, load: WarmCommand | undefined): Promise<WarmWorker> {
  const forked = new Map<string, Forked>()
  const send = (command: WarmCommand): void => void channel.control.write(`${JSON.stringify(command)}\n`)
  const ready = Promise.withResolvers<Extract<WarmEvent, { type: 'ready' }>>()
  createInterface({ input: channel.events }).on('line', (line) => {
    takeEvent(JSON.parse(line) as WarmEvent, forked, ready)
  })
  let death: string | undefined
  const ended = channel.ended
    .catch((error: unknown): RunExit => {
      ready.reject(new BrokenWorkerError({ type: 'start', message: messageOf(error) }))
      return { kind: 'exited', code: 127 }
    })
    .then((exit) => {
      ready.reject(
        new BrokenWorkerError({ type: endedEarly, message: 'the worker process ended before it had loaded the script' }),
      )
      for (const one of forked.values()) {
        // Nobody waits for it any more, and it must not go on beside its repetition.
        if (one.identity !== undefined && isAlive(one.identity)) signalGroup(one.identity.pid, 'SIGKILL')
        one.resolveIdentity(undefined)
        one.resolveExit(one.stopping === undefined ? lostWith(exit) : toExit(one, null, 'SIGKILL'))
      }
      forked.clear()
      death = `the warm worker that starts the iterations ${describeEnd(exit)}`
    })
  if (load !== undefined) send(load)
  const hello = await ready.promise
  return {
    forkSafe: hello.forkSafe,
    reason: hello.reason,
    interpreter: hello.interpreter,
    pid: hello.pid,
    choices: { iterations: 'forked from a warm worker: imports are paid once' },
    queueAhead: load?.type === 'load' ? (load.parallel ?? 0) : 0,
    ...(channel.worker === undefined ? {} : { worker: channel.worker }),
    start(run, directory) {
      if (death !== undefined) throw new BrokenWorkerError({ type: 'worker', message: death })
      return startForked(run, directory, forked, send)
    },
    async [Symbol.asyncDispose]() {
      for (const runId of forked.keys()) send({ type: 'stop', runId, graceMs: 0 })
      channel.control.end()
      const timer = setTimeout(channel.stop, 3000)
      await ended
      clearTimeout(timer)
    },
  }
}

const describeEnd = (exit: RunExit): string =>
  exit.kind === 'signalled' ? `was killed by ${exit.signal}` : exit.kind === 'exited' ? `ended with code ${exit.code}` : 'is gone'

const lostWith = (exit: RunExit): RunExit => ({
  kind: 'lost',
  lastSeenAtMs: Date.now(),
  host: hostname(),
  note: `the warm worker ${describeEnd(exit)}`,
})

function startForked(
  run: PreparedRun,
  directory: RunDirectory,
  forked: Map<string, Forked>,
  send: (command: WarmCommand) => void,
): IterationProcess {
  const exit = Promise.withResolvers<RunExit>()
  const identity = Promise.withResolvers<{ pid: number; startTicks: number } | undefined>()
  forked.set(run.id, {
    identity: undefined,
    resolveExit: exit.resolve,
    resolveIdentity: identity.resolve,
    stopping: undefined,
    outOfMemoryKillsBefore: outOfMemoryKills(),
  })
  send({ type: 'start', job: toJobSpec(run, directory.path) })
  return {
    exit: exit.promise,
    identity: identity.promise,
    // Its job went with the wish to start it: an orphan is known by its worker.
    begin: () => undefined,
    stop({ graceMs, because }) {
      const one = forked.get(run.id)
      if (one === undefined) return
      one.stopping ??= because
      send({ type: 'stop', runId: run.id, graceMs })
    },
  }
}

function toExit(one: Forked, code: number | null, signal: string | null): RunExit {
  if (one.stopping?.kind === 'timed_out') return one.stopping
  if (one.stopping !== undefined) return { kind: 'cancelled', forced: signal === 'SIGKILL' }
  if (signal === null) return { kind: 'exited', code: code ?? 0 }
  return { kind: 'signalled', signal, ...(ranOutOfMemory(signal, one.outOfMemoryKillsBefore) ? { outOfMemory: true } : {}) }
}

function takeEvent(
  event: WarmEvent,
  forked: Map<string, Forked>,
  ready: PromiseWithResolvers<Extract<WarmEvent, { type: 'ready' }>>,
): void {
  if (event.type === 'ready') return ready.resolve(event)
  if (event.type === 'broken') return ready.reject(new BrokenWorkerError(event.error))
  const one = forked.get(event.runId)
  if (one === undefined) return
  if (event.type === 'started') {
    one.identity = { pid: event.pid, startTicks: startTicksOf(event.pid) }
    return one.resolveIdentity(one.identity)
  }
  forked.delete(event.runId)
  one.resolveIdentity(undefined)
  one.resolveExit(toExit(one, event.code, event.signal))
}
