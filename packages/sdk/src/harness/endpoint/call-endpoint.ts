import { artifactKinds, type ArtifactKind } from '@trainyard/contract/journal'
import type { JobSpec, JsonValue } from '@trainyard/contract'
import { parsePythonJson } from '@trainyard/contract/python-json'
import type { Context } from '../../context/context.ts'
import type { Recorder } from '../../context/recorder.ts'
import { HarnessError } from '../../context/run-error.ts'
import { linesOfLogs } from './nuclio-logs.ts'
import { type AnsweredArtifact, type AnsweredRun, readRunObject, toRunObject } from './run-object.ts'
import { type EndpointAnswer, sendRun } from './send-run.ts'

/**
 * Has a server of functions do the run, as Nuclio's handlers are called: the run object is sent, and the answer is the run object as
 * the handler left it. Nothing of an answer is logged before all of it was understood.
 */
export async function callEndpoint(job: JobSpec, context: Context, recorder: Recorder): Promise<void> {
  const address = addressOf(job)
  for (const [key, { url }] of Object.entries(job.inputs)) recorder.append(['input', { key, url }])
  const answer = await sendRun(address, JSON.stringify(toRunObject(job)))
  const logs = [answer.headers['x-nuclio-logs']].flat()[0]
  if (logs !== undefined) for (const line of linesOfLogs(logs)) process.stdout.write(`${line}\n`)
  const answered = understand(address.href, answer)
  take(answered, job, context, recorder)
  if (answered.error !== undefined) throw new HarnessError('function_failed', answered.error)
}

/** The handler is the last part of the path, as MLRun's client has it. */
function addressOf({ script, handler }: JobSpec): URL {
  const address = new URL(script)
  if (handler !== undefined) address.pathname = `${address.pathname.replace(/\/+$/, '')}/${handler}`
  return address
}

const shown = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

function understand(address: string, { status, headers, text }: EndpointAnswer): AnsweredRun {
  const bad = (what: string): HarnessError => new HarnessError('bad_answer', `${address} ${what}`)
  if (status >= 300 && status < 400)
    throw bad(`answered ${status} and leads to ${headers.location ?? 'nowhere'}: give the address that it leads to.`)
  if (status < 200 || status >= 300) throw bad(`answered ${status}${text.trim() === '' ? '' : `: ${shown(text)}`}`)
  if (text.trim() === '') throw bad('answered with nothing, where the run as JSON was expected (return context.to_json()).')
  let value: JsonValue
  try {
    value = parsePythonJson(text)
  } catch {
    throw bad(`answered with what is no JSON: ${shown(text)}`)
  }
  const answered = readRunObject(value)
  if (answered === undefined) throw bad(`answered with JSON that is no run (it has no status): ${shown(text)}`)
  return answered
}

function take(answered: AnsweredRun, job: JobSpec, context: Context, recorder: Recorder): void {
  const isNew = ([key]: [string, unknown], known: object): boolean => !Object.hasOwn(known, key)
  const defaults = Object.entries(answered.parameters).filter((entry) => isNew(entry, job.parameters))
  recorder.parameters(Object.fromEntries(defaults))
  for (const [key, url] of Object.entries(answered.inputs).filter((entry) => isNew(entry, job.inputs)))
    recorder.append(['input', { key, url }])
  const labels = Object.entries(answered.labels).filter(([key, value]) => job.run.labels[key] !== value)
  context.setLabels(Object.fromEntries(labels))
  for (const artifact of answered.artifacts) takeArtifact(artifact, recorder)
  recorder.results(answered.results, 'elsewhere')
}

const isKind = (kind: string): kind is ArtifactKind => artifactKinds.some((known) => known === kind)

/** Its bytes stay where the handler has put them. */
function takeArtifact({ key, kind, target, format }: AnsweredArtifact, recorder: Recorder): void {
  recorder.append([
    'artifact',
    {
      key,
      kind: isKind(kind) ? kind : 'file',
      url: target,
      elsewhere: true,
      path: key,
      ...(format === undefined ? {} : { format }),
    },
  ])
}
