import { isMainThread, threadId } from 'node:worker_threads'
import type { JsonValue, RunError } from '@trainyard/contract'
import { quoteForSentence, toJsonValue, toMetricNumber } from '../journal/json-value.ts'
import { type JournalEntryTail, JournalWriter } from '../journal/journal-writer.ts'

/** A script that asks for the same impossible thing a million times is told so a few times. */
const problemLimit = 200

/** Turns what a script hands over into journal entries. Nothing here throws: what cannot be recorded becomes a problem of the run. */
export class Recorder {
  readonly runDirectory: string
  readonly #journal: JournalWriter
  readonly #steps = new Map<string, number>()
  readonly #problems = new Set<string>()
  #ended = false
  #toldOver = false

  constructor(runDirectory: string) {
    this.runDirectory = runDirectory
    // Random: a second attempt shares the folder and may get the same process id.
    const name = `${process.pid}${isMainThread ? '' : `-${threadId}`}-${Math.floor(Math.random() * 2 ** 32).toString(16)}`
    this.#journal = new JournalWriter(runDirectory, name, say)
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Once the run has ended, nothing more is taken. */
  append(entry: JournalEntryTail): void {
    if (!this.#over()) this.#journal.append(entry)
  }

  #over(): boolean {
    if (this.#ended && !this.#toldOver) {
      this.#toldOver = true
      say('The run has ended; what is logged to it now is not kept.')
    }
    return this.#ended
  }

  /** Without a step, the one after the last step of this key, from 0 on. */
  metric(key: string, value: unknown, step: number | undefined, timeMs: number | undefined): void {
    const number = this.#metricNumber(key, value)
    if (number === undefined || !this.#isKey('metric', key)) return
    const known = this.#steps.get(key)
    let at = step ?? (known === undefined ? 0 : known + 1)
    if (!Number.isSafeInteger(at)) {
      this.problem(`Metric '${key}': the step ${quoteForSentence(step)} is not a whole number; the next one is taken.`)
      at = known === undefined ? 0 : known + 1
    }
    if (timeMs !== undefined && !Number.isFinite(timeMs)) {
      this.problem(`Metric '${key}': timeMs ${quoteForSentence(timeMs)} is not a number of milliseconds; now is taken.`)
    }
    if (this.#over()) return
    this.#steps.set(key, at)
    this.#journal.appendMetric(key, at, number, Number.isFinite(timeMs) ? Math.floor(timeMs!) : Date.now())
  }

  results(values: Readonly<Record<string, unknown>>, origin?: 'elsewhere'): void {
    const recorded = this.#jsonValues('Result', values)
    if (Object.keys(recorded).length > 0) this.append(origin === undefined ? ['result', recorded] : ['result', recorded, origin])
  }

  parameters(values: Readonly<Record<string, unknown>>): void {
    const recorded = this.#jsonValues('Parameter', values)
    if (Object.keys(recorded).length > 0) this.append(['param', recorded])
  }

  labels(values: Readonly<Record<string, unknown>>): Record<string, string> {
    const pairs: [string, string][] = []
    for (const [key, value] of Object.entries(values)) {
      if (!this.#isKey('label', key)) continue
      const text = typeof value === 'string' ? value.toWellFormed() : quoteLabel(value)
      if (text === undefined) this.problem(`Label '${key}': ${quoteForSentence(value)} is not text.`)
      else pairs.push([key.toWellFormed(), text])
    }
    const recorded = Object.fromEntries(pairs)
    if (Object.keys(recorded).length > 0) this.append(['label', recorded])
    return recorded
  }

  problem(message: string): void {
    if (this.#ended || this.#problems.has(message) || this.#problems.size >= problemLimit) return
    this.#problems.add(message)
    this.append(['problem', message])
    say(message)
    if (this.#problems.size === problemLimit) this.append(['problem', 'More problems followed; only the first ones are kept.'])
  }

  /** The last entry; a second call does nothing. */
  end(outcome: 'completed' | 'failed' | 'aborted', error?: RunError): void {
    if (this.#ended) return
    const dropped = this.#journal.droppedCount
    if (dropped > 0) this.append(['problem', `${dropped} entries were lost: the journal could not be written.`])
    this.append(['end', error ? { outcome, error } : { outcome }])
    this.#ended = true
    this.#journal.close()
  }

  /** Without a last entry: the run goes on in another process. */
  close(): void {
    this.#ended = true
    this.#journal.close()
  }

  #metricNumber(key: string, value: unknown): number | undefined {
    if (typeof value === 'number') return value
    try {
      const number = toMetricNumber(value)
      if (number !== undefined) return number
    } catch {
      // A tensor that was disposed of, or a foreign `item()`: told below like any other value that is no number.
    }
    this.problem(`Metric '${key}': ${quoteForSentence(value)} is not a number.`)
    return undefined
  }

  #isKey(what: string, key: unknown): key is string {
    if (typeof key === 'string' && key !== '') return true
    this.problem(`A ${what} has the name ${quoteForSentence(key)}; a name is text that is not empty.`)
    return false
  }

  #jsonValues(what: string, values: Readonly<Record<string, unknown>>): Record<string, JsonValue> {
    const recorded: [string, JsonValue][] = []
    for (const [key, value] of Object.entries(values)) {
      if (!this.#isKey(what.toLowerCase(), key)) continue
      try {
        const json = toJsonValue(value)
        if (json === undefined) this.problem(`${what} '${key}': a value of type ${typeof value} cannot be recorded.`)
        else recorded.push([key.toWellFormed(), json])
      } catch (error) {
        this.problem(`${what} '${key}' cannot be recorded: ${(error as Error).message}.`)
      }
    }
    // Also right for a key named __proto__, where an assignment is not.
    return Object.fromEntries(recorded)
  }
}

const quoteLabel = (value: unknown): string | undefined =>
  typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : undefined

/** One line on standard error, whatever the state of that stream. */
export function say(sentence: string): void {
  try {
    process.stderr.write(`trainyard: ${sentence.replaceAll('\n', ' ')}\n`)
  } catch {
    // A closed stderr must not end a training; the journal holds the sentence too.
  }
}
