import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'
import type { JsonObject } from '@trainyard/contract'
import { type BareRunOptions, makeBareRun, startOfBareRun } from './bare-run.ts'
import { Context } from './context.ts'
import { endWithProcess } from './lifetime.ts'
import { inheritedPlace, publishPlace, type RunPlace } from './place.ts'
import { Recorder } from './recorder.ts'

/** On the global object: the harness and the script may hold two copies of this package and must share one context. */
const slot = Symbol.for('trainyard.context')
const workerKey = 'trainyard.run'
const holder = globalThis as { [slot]?: object }

/** The context of this process becomes `context`, also for the worker threads and processes it starts from now on. */
export function installContext(context: Context, place: RunPlace): void {
  holder[slot] = context
  if (isMainThread) publishPlace(place)
  // Kept in memory only, unlike the environment: it holds the secrets.
  setEnvironmentData(workerKey, place)
}

/**
 * The context of the run this code belongs to: the one `trainyard run` started, in its worker threads and child processes too. In a script started by plain
 * `node` the first call makes a run of its own in the data directory; it ends with the process, and the next `trainyard` command
 * takes it in. `name` and `options` matter only then.
 */
export function getOrCreateContext<Parameters extends object = JsonObject>(
  name?: string,
  options: BareRunOptions = {},
): Context<Parameters> {
  const known = holder[slot]
  if (known) return known as Context<Parameters>
  const inherited = isMainThread ? undefined : (getEnvironmentData(workerKey) as object as RunPlace | undefined)
  const place = inherited ? { ...inherited, role: 'attached' as const } : inheritedPlace()
  const context = place ? joinRun(place) : startBareRun(name, options)
  return context as object as Context<Parameters>
}

function joinRun(place: RunPlace): Context {
  const context = new Context(place, new Recorder(place.runDirectory), place.parameters)
  installContext(context, place)
  return context
}

function startBareRun(name: string | undefined, options: BareRunOptions): Context {
  const place = makeBareRun(name, options)
  const recorder = new Recorder(place.runDirectory)
  recorder.append(['start', startOfBareRun(place)])
  if (Object.keys(place.labels).length > 0) recorder.labels(place.labels)
  const context = new Context(place, recorder, place.parameters)
  installContext(context, place)
  endWithProcess(context)
  return context
}
