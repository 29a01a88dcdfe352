import type { JournalEnd, JournalInput, JournalStart, JsonValue } from '@trainyard/contract'
import { PointBuffer } from './metric-segment.ts'

/** How far a journal has been taken. */
export interface JournalPosition {
  /** Bytes from the start of the file. */
  offset: number
  /** Last sequence number taken. */
  sequence: number
  /** Lines so far that were no entries. */
  malformedCount: number
  /** The rest of the line at `offset` belongs to one that is too long. */
  isSkipping: boolean
}

export const journalStart: JournalPosition = { offset: 0, sequence: 0, malformedCount: 0, isSkipping: false }

/** Entries that ask a supervisor to act. */
export type JournalRequestType = 'artifact' | 'child' | 'best' | 'commit'

export interface JournalRequestLine {
  sequence: number
  timeMs: number
  type: JournalRequestType
  body: JsonValue
}

/** More than this in one run is noise; one sentence then stands for the rest. */
export const problemLimit = 1000

/** A point at this step is placed at the last step its series has by then, or 0. Real steps are integers. */
const atLastStep = Number.NaN

/** What some lines of a journal say, collected in memory before anything is stored. */
export class JournalBatch {
  readonly journal: string
  readonly series = new Map<string, PointBuffer>()
  /** Series with results among their points, whose step is known only beside what is stored. */
  readonly placedByStore = new Set<string>()
  /** Results that are not numbers and after which no number of that name came. */
  readonly otherResults = new Map<string, JsonValue>()
  readonly parameters: [key: string, value: JsonValue][] = []
  readonly labels = new Map<string, string>()
  readonly inputs: JournalInput[] = []
  readonly requests: JournalRequestLine[] = []
  readonly problems = new Set<string>()
  start: JournalStart | undefined
  end: JournalEnd | undefined

  constructor(journal: string) {
    this.journal = journal
  }

  pointsOf(key: string): PointBuffer {
    let points = this.series.get(key)
    if (!points) {
      points = new PointBuffer(key)
      this.series.set(key, points)
    }
    return points
  }

  addPoint(key: string, step: number, timeMs: number, value: number): void {
    this.otherResults.delete(key)
    this.pointsOf(key).push(step, timeMs, value)
  }

  addNumberResult(key: string, timeMs: number, value: number): void {
    this.addPoint(key, atLastStep, timeMs, value)
    this.placedByStore.add(key)
  }

  addProblem(sentence: string): void {
    if (this.problems.size <= problemLimit) this.problems.add(sentence)
  }
}

/** Gives results their step: the highest of their series so far. `lastStep` is that of the stored points, undefined without any. */
export function placeResults(points: PointBuffer, lastStep: number | undefined): void {
  const { numbers } = points
  let last = lastStep
  for (let at = 0; at < numbers.length; at += 3) {
    const step = numbers[at]!
    if (Number.isNaN(step)) numbers[at] = last ??= 0
    else if (last === undefined || step > last) last = step
  }
}
