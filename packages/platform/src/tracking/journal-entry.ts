import {
  artifactKinds,
  fromWireNumber,
  isJsonObject,
  type JournalEnd,
  type JournalInput,
  type JournalStart,
  type JsonObject,
  type JsonValue,
  runIdPattern,
} from '@trainyard/contract'
import type { JournalBatch, JournalRequestType } from './journal-batch.ts'
import { checkName, checkValue } from './record-names.ts'
import { stepProblem } from './metric-series.ts'

/** A line that was read as JSON: `fields` is what follows the type. */
export interface JournalLine {
  sequence: number
  timeMs: number
  type: string
  fields: readonly JsonValue[]
}

/** The line as an entry, or undefined when it is not one. */
export function parseJournalLine(text: string): JournalLine | undefined {
  let value: JsonValue
  try {
    value = JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
  if (!Array.isArray(value)) return undefined
  const [sequence, timeMs, type, ...fields] = value
  if (!Number.isSafeInteger(sequence) || (sequence as number) < 1) return undefined
  if (typeof timeMs !== 'number' || !Number.isSafeInteger(Math.round(timeMs)) || typeof type !== 'string') return undefined
  return { sequence: sequence as number, timeMs: Math.round(timeMs), type, fields }
}

/** Takes one entry into the batch. What is wrong with it becomes a problem; the rest of it counts. */
export function takeEntry(batch: JournalBatch, line: JournalLine): void {
  const take = Object.hasOwn(takers, line.type) ? takers[line.type] : undefined
  if (!take)
    return batch.addProblem(
      `The journal ${batch.journal} has entries of the type '${clip(line.type)}', which this version of Trainyard does not know; they were passed over.`,
    )
  if (!take(batch, line))
    batch.addProblem(`Entry ${line.sequence} of the journal ${batch.journal} is not a valid '${line.type}' and was passed over.`)
}

/** False when the entry does not have the shape its type wants. */
type Taker = (batch: JournalBatch, line: JournalLine) => boolean

const takers: Record<string, Taker> = {
  metric: (batch, { timeMs, fields: [key, step, value] }) => {
    if (typeof key !== 'string') return false
    takePoint(batch, timeMs, { key, step, value })
    return true
  },
  metrics: (batch, { timeMs, fields: [step, values] }) =>
    eachValue(values, (key, value) => takePoint(batch, timeMs, { key, step, value })),
  result: (batch, { timeMs, fields: [values, origin] }) =>
    eachValue(values, (key, value) => {
      const number = fromWireNumber(value)
      if (number !== undefined) batch.addNumberResult(key, timeMs, number, origin === 'elsewhere')
      else if (batch.accepts(() => checkValue('result', key, value))) batch.otherResults.set(key, value)
    }),
  param: (batch, { fields: [values] }) =>
    eachValue(values, (key, value) => {
      if (batch.accepts(() => checkValue('parameter', key, value))) batch.parameters.push([key, value])
    }),
  label: (batch, { fields: [values] }) =>
    eachValue(values, (key, value) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      if (batch.accepts(() => checkValue('label', key, text))) batch.labels.set(key, text)
    }),
  input: (batch, { fields: [input] }) => {
    if (!isInput(input)) return false
    if (batch.accepts(() => checkName('input', input.key))) batch.inputs.push(input)
    return true
  },
  artifact: (batch, line) => {
    const [artifact] = line.fields
    const isValid =
      isJsonObject(artifact) &&
      typeof artifact.key === 'string' &&
      typeof artifact.path === 'string' &&
      (artifactKinds as readonly unknown[]).includes(artifact.kind) &&
      (typeof artifact.file === 'string') !== (typeof artifact.url === 'string')
    return isValid && request(batch, line, artifact)
  },
  problem: (batch, { fields: [message] }) => {
    if (typeof message !== 'string') return false
    batch.addProblem(message)
    return true
  },
  child: (batch, line) => isChild(line.fields[0]) && request(batch, line, { parameters: {}, ...line.fields[0] }),
  best: (batch, line) => isChild(line.fields[0]) && request(batch, line, line.fields[0]),
  commit: (batch, line) => {
    const [message, completed] = line.fields
    return typeof message === 'string' && typeof completed === 'boolean' && request(batch, line, { message, completed })
  },
  start: (batch, { fields: [info] }) => {
    if (!isStart(info)) return false
    batch.start = info
    return true
  },
  end: (batch, { fields: [end] }) => {
    if (!isEnd(end)) return false
    batch.end = end
    return true
  },
}

function takePoint(
  batch: JournalBatch,
  timeMs: number,
  point: { key: string; step: JsonValue | undefined; value: JsonValue | undefined },
): void {
  const { key, step } = point
  const value = fromWireNumber(point.value)
  if (!Number.isSafeInteger(step)) batch.addProblem(stepProblem(clip(key), shown(step)))
  else if (value === undefined)
    batch.addProblem(`The value of metric '${clip(key)}' must be a number, not ${shown(point.value)}.`)
  else batch.addPoint(key, step as number, timeMs, value)
}

function request(batch: JournalBatch, { sequence, timeMs, type }: JournalLine, body: JsonValue): true {
  batch.requests.push({ sequence, timeMs, type: type as JournalRequestType, body })
  return true
}

function eachValue(values: JsonValue | undefined, take: (key: string, value: JsonValue) => void): boolean {
  if (!isJsonObject(values)) return false
  for (const [key, value] of Object.entries(values)) take(key, value)
  return true
}

const isOptional = (value: JsonValue | undefined, type: 'number' | 'string'): boolean =>
  value === undefined || typeof value === type
const isOptionalInteger = (value: JsonValue | undefined): boolean => value === undefined || Number.isSafeInteger(value)
const isText = (value: JsonValue | undefined): boolean => typeof value === 'string'

const isInput = (value: JsonValue | undefined): value is JsonObject & JournalInput =>
  isJsonObject(value) &&
  isText(value.key) &&
  isText(value.url) &&
  isOptionalInteger(value.sizeBytes) &&
  isOptional(value.sha256, 'string')

const isStart = (value: JsonValue | undefined): value is JsonObject & JournalStart =>
  isJsonObject(value) &&
  Number.isSafeInteger(value.pid) &&
  (value.run === undefined || isStartedRun(value.run)) &&
  (value.source === undefined || isSource(value.source)) &&
  (value.interpreter === undefined || isJsonObject(value.interpreter))

const isStartedRun = (run: JsonValue): boolean =>
  isJsonObject(run) &&
  isText(run.id) &&
  isText(run.name) &&
  isText(run.project) &&
  isOptional(run.experiment, 'string') &&
  isOptional(run.parentId, 'string') &&
  isOptionalInteger(run.iteration) &&
  (run.parameters === undefined || isJsonObject(run.parameters))

const isSource = (source: JsonValue): boolean =>
  isJsonObject(source) &&
  isOptional(source.file, 'string') &&
  isOptional(source.handler, 'string') &&
  isOptional(source.workingDirectory, 'string') &&
  (source.arguments === undefined || (Array.isArray(source.arguments) && source.arguments.every(isText)))

const isEnd = (value: JsonValue | undefined): value is JsonObject & JournalEnd =>
  isJsonObject(value) &&
  ['completed', 'failed', 'aborted'].some((outcome) => outcome === value.outcome) &&
  (value.error === undefined || isError(value.error))

const isError = (error: JsonValue): boolean =>
  isJsonObject(error) && isText(error.type) && isText(error.message) && isOptional(error.traceback, 'string')

const isChild = (value: JsonValue | undefined): value is JsonObject =>
  isJsonObject(value) && typeof value.id === 'string' && runIdPattern.test(value.id) && Number.isSafeInteger(value.iteration)

const shownLength = 80

/** Long texts are cut for a sentence. */
export const clip = (text: string): string => (text.length <= shownLength ? text : `${text.slice(0, shownLength)}…`)

/** A value as a sentence shows it. */
export const shown = (value: JsonValue | undefined): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? `'${clip(value)}'` : clip(JSON.stringify(value))
