import { JournalBatch, type JournalPosition } from './journal-batch.ts'
import { clip, parseJournalLine, takeEntry } from './journal-entry.ts'
import { MetricLineReader } from './journal-line.ts'

/** Without its newline. */
export const largestLineBytes = 64 * 1024 * 1024

/** Lines that are no entries get a sentence each up to here, then one for all the others. */
const shownMalformedLines = 20

const newline = 10

/**
 * Reads the whole lines of `bytes`, which continue the journal at `position`, into a batch. Pure: the same bytes give the same
 * result in whatever pieces they come, as long as each piece starts at the position the one before led to.
 */
export function readJournal(
  journal: string,
  bytes: Uint8Array,
  position: JournalPosition,
  options: { largestLineBytes?: number } = {},
): { batch: JournalBatch; position: JournalPosition } {
  const reader = new JournalReader(journal, bytes, position, options.largestLineBytes ?? largestLineBytes)
  reader.read()
  return { batch: reader.batch, position: reader.position }
}

class JournalReader {
  readonly batch: JournalBatch
  readonly #bytes: Buffer
  readonly #from: JournalPosition
  readonly #largestLineBytes: number
  #at = 0
  #sequence: number
  #malformedCount: number
  #isSkipping: boolean

  constructor(journal: string, bytes: Uint8Array, from: JournalPosition, largestLine: number) {
    this.batch = new JournalBatch(journal)
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#from = from
    this.#largestLineBytes = largestLine
    this.#sequence = from.sequence
    this.#malformedCount = from.malformedCount
    this.#isSkipping = from.isSkipping
  }

  get position(): JournalPosition {
    return {
      offset: this.#from.offset + this.#at,
      sequence: this.#sequence,
      malformedCount: this.#malformedCount,
      isSkipping: this.#isSkipping,
    }
  }

  read(): void {
    const bytes = this.#bytes
    // The writer grows the file ahead of its text, and a line may still be on its way into memory.
    const nul = bytes.indexOf(0)
    const end = nul < 0 ? bytes.length : nul
    if (this.#isSkipping) this.#skipRest(end)
    const wholeLinesEnd = end === 0 ? 0 : bytes.lastIndexOf(newline, end - 1) + 1
    const metricLines = new MetricLineReader(bytes, (key) => this.batch.pointsOf(key))
    while (this.#at < wholeLinesEnd) {
      const line = metricLines.read(this.#at)
      if (!line || line.end - this.#at > this.#largestLineBytes) {
        this.#readOtherLine()
        continue
      }
      this.#at = line.end
      if (line.sequence <= this.#sequence) continue
      this.#sequence = line.sequence
      if (this.batch.otherResults.size > 0) this.batch.otherResults.delete(line.series.points.key)
      line.series.points.push(line.step, line.timeMs, line.value)
    }
    if (end - this.#at > this.#largestLineBytes) {
      this.#tooLong()
      this.#at = end
      this.#isSkipping = true
    }
  }

  /** Up to the end of the line that is too long, as far as it is there. */
  #skipRest(end: number): void {
    const lineEnd = this.#bytes.subarray(0, end).indexOf(newline)
    this.#at = lineEnd < 0 ? end : lineEnd + 1
    this.#isSkipping = lineEnd < 0
  }

  #readOtherLine(): void {
    const start = this.#at
    const end = this.#bytes.indexOf(newline, start)
    if (end - start > this.#largestLineBytes) this.#tooLong()
    else this.#readText(this.#bytes.toString('utf8', start, end))
    this.#at = end + 1
  }

  #readText(text: string): void {
    const line = parseJournalLine(text)
    if (line) {
      if (line.sequence <= this.#sequence) return
      this.#sequence = line.sequence
      takeEntry(this.batch, line)
    } else if (text.trim() !== '') this.#malformed(`is not an entry and was passed over: ${clip(text)}`)
  }

  #tooLong(): void {
    this.#malformed(`is longer than ${this.#largestLineBytes / 1024 / 1024} MB and was passed over.`)
  }

  #malformed(what: string): void {
    this.#malformedCount++
    const { journal } = this.batch
    if (this.#malformedCount <= shownMalformedLines)
      this.batch.addProblem(`The line at byte ${this.#from.offset + this.#at} of the journal ${journal} ${what}`)
    else if (this.#malformedCount === shownMalformedLines + 1)
      this.batch.addProblem(`More lines of the journal ${journal} are no entries and were passed over.`)
  }
}
