import Module from 'node:module'
import { inspect } from 'node:util'
import type { JobSpec, JsonObject } from '@trainyard/contract'
import { isEndpoint } from '@trainyard/contract/job'
import { startOfProcess } from '../context/bare-run.ts'
import { Context } from '../context/context.ts'
import { installContext } from '../context/current.ts'
import { endWithProcess } from '../context/lifetime.ts'
import { placeOfJob, type RunPlace } from '../context/place.ts'
import { Recorder } from '../context/recorder.ts'
import { HarnessError } from '../context/run-error.ts'
import { isAborting } from '../context/signals.ts'
import { definitionOf } from '../handler.ts'
import { callEndpoint } from './endpoint/call-endpoint.ts'
import { asSyntaxError, findHandler, importScript, missingScript, offerOwnPackages } from './load.ts'
import { parameterNamesOf } from './parameter-names.ts'
import { bindParameters, refuseUnknown } from './parameters.ts'
import { parseReturnHint } from '@trainyard/contract/return-hint'
import { logReturned } from './returns.ts'

/** How long timers, servers and sockets that a finished handler left behind may keep the process. */
const lingerMs = 2000

interface Running {
  context: Context
  readonly recorder: Recorder
  readonly place: RunPlace
}

/** Runs the job in this process. The process ends by itself, with the code node would give, and the journal's last entry with it. */
export function runJob(job: JobSpec): void {
  // Where clients of other trackers find this run.
  Object.assign(process.env, job.environment)
  const place = placeOfJob(job)
  const recorder = new Recorder(job.runDirectory)
  recorder.append(['start', startOfProcess(isEndpoint(job.script) ? undefined : job.script, job.arguments, job.handler)])
  const running: Running = { context: new Context(place, recorder, job.parameters), recorder, place }
  const lifetime = endWithProcess({
    end: (outcome, error) => running.context.end(outcome, asSyntaxError(error) ?? error),
  })
  installContext(running.context, place)
  process.argv = [process.execPath, job.script, ...job.arguments]
  offerOwnPackages()
  const fail = (error: unknown): void => {
    lifetime.fail(error)
    // A refusal is one sentence in the journal, and the supervisor tells it.
    if (!(error instanceof HarnessError)) process.stderr.write(`\nUncaught ${inspect(error)}\n`)
    process.exit(1)
  }
  if (isEndpoint(job.script)) callEndpoint(job, running.context, recorder).then(leaveSoon, fail)
  else if (job.handler === undefined) runScript(job.script, fail)
  else runHandler(job, job.handler, running).then(leaveSoon, fail)
}

/** As `node script.ts`: the main module of the process, errors and exit codes as node has them. */
function runScript(script: string, fail: (error: unknown) => void): void {
  const missing = missingScript(script)
  if (missing) fail(missing)
  else Module.runMain()
}

async function runHandler(job: JobSpec, name: string, running: Running): Promise<void> {
  const handler = findHandler(await importScript(job.script), name, job.script)
  const definition = definitionOf(handler)
  const hints = job.returns ?? definition?.returns
  // A wrong hint is refused now, not after a training of hours.
  hints?.forEach(parseReturnHint)
  const names = definition ? undefined : parameterNamesOf(handler)
  if (names) refuseUnknown(names, job.parameters)
  if (definition) rebind(running, await bindParameters(definition.parameters, job.parameters, job.parameterTexts))
  const { context, recorder } = running
  try {
    const returned = await handler(context, context.parameters)
    for (const problem of logReturned(context, returned, hints)) recorder.problem(problem)
  } catch (error) {
    // What a handler throws because it was asked to stop is not a failure.
    if (!isAborting()) throw error
    process.stderr.write(`${inspect(error)}\n`)
    process.exitCode = 1
  }
}

/** The context with the parameters as the handler sees them; defaults are recorded as the run's parameters. */
function rebind(running: Running, parameters: JsonObject): void {
  const { place, recorder } = running
  const defaults = Object.entries(parameters).filter(([key]) => !Object.hasOwn(place.parameters, key))
  if (defaults.length > 0) recorder.parameters(Object.fromEntries(defaults))
  const bound = { ...place, parameters }
  running.context = new Context(bound, recorder, parameters)
  installContext(running.context, bound)
}

function leaveSoon(): void {
  setTimeout(() => {
    process.stderr.write(`trainyard: The handler has ended; what it left running was stopped after ${lingerMs / 1000} s.\n`)
    process.exit()
  }, lingerMs).unref()
}
