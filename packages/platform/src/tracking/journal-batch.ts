import { isAppError, type JournalEnd, type JournalInput, type JournalStart, type JsonValue } from '@trainyard/contract'
import { numbersPerPoint, PointBuffer } from './metric-segment.ts'
import type { SeriesState } from './metric-series.ts'
import { checkName } from './record-names.ts'

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
/** The same, and none at all where its value is that of the latest point by then. */
const atLastStepIfNew = Number.NEGATIVE_INFINITY

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
  readonly #refused = new Map<string, PointBuffer>()
  start: JournalStart | undefined
  end: JournalEnd | undefined

  constructor(journal: string) {
    this.journal = journal
  }

  /** Points of a series whose key cannot be stored go to a buffer that nobody looks at. */
  pointsOf(key: string): PointBuffer {
    const known = this.series.get(key) ?? this.#refused.get(key)
    if (known) return known
    const points = new PointBuffer(key)
    const series = this.accepts(() => checkName('metric', key)) ? this.series : this.#refused
    series.set(key, points)
    return points
  }

  /** False, and a problem, when the check refuses. */
  accepts(check: () => void): boolean {
    try {
      check()
      return true
    } catch (error) {
      if (!isAppError(error, 'invalid_argument')) throw error
      this.addProblem(error.message)
      return false
    }
  }

  addPoint(key: string, step: number, timeMs: number, value: number): void {
    this.otherResults.delete(key)
    this.pointsOf(key).push(step, timeMs, value)
  }

  /** `toldElsewhere`: by another machine, which may have recorded it itself. */
  addNumberResult(key: string, timeMs: number, value: number, toldElsewhere = false): void {
    this.addPoint(key, toldElsewhere ? atLastStepIfNew : atLastStep, timeMs, value)
    if (this.series.has(key)) this.placedByStore.add(key)
  }

  /** Gives results in the series their step, beside the latest of the points that are stored. */
  place(key: string, latest: LatestPoint | undefined): void {
    this.series.set(key, withPlacedResults(this.pointsOf(key), latest))
  }

  addProblem(sentence: string): void {
    if (this.problems.size <= problemLimit) this.problems.add(sentence)
  }
}

type LatestPoint = Readonly<Pick<SeriesState, 'lastStep' | 'lastValue'>>

function withPlacedResults({ key, numbers }: PointBuffer, latest: LatestPoint | undefined): PointBuffer {
  const placed = new PointBuffer(key)
  let [lastStep, lastValue] = [latest?.lastStep, latest?.lastValue]
  for (let at = 0; at < numbers.length; at += numbersPerPoint) {
    const [written, timeMs, value] = [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!]
    if (written === atLastStepIfNew && Object.is(lastValue, value)) continue
    const step = Number.isFinite(written) ? written : (lastStep ?? 0)
    if (lastStep === undefined || step >= lastStep) [lastStep, lastValue] = [step, value]
    placed.push(step, timeMs, value)
  }
  return placed
}
