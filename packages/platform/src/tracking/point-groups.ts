import { AppError } from '@trainyard/contract'
import { PointBuffer } from './metric-segment.ts'
import { stepProblem } from './metric-series.ts'
import { checkName } from './record-names.ts'

/** New points by key, checked as they come: no object per point, which halves the time for a batch of 1,000. */
export class PointGroups {
  readonly #groups = new Map<string, PointBuffer>()
  readonly #capacity: number
  #last: PointBuffer | undefined

  /** `expected` points in all: a hint for the room to make. */
  constructor(expected = 16) {
    this.#capacity = Math.min(expected, 128)
  }

  /** `invalid_argument` for a name, a step or a time that cannot be. */
  add(key: string, step: number, timeMs: number, value: number): void {
    if (!Number.isSafeInteger(step)) throw new AppError('invalid_argument', stepProblem(key, String(step)))
    const wholeMs = Math.round(timeMs)
    if (!Number.isSafeInteger(wholeMs))
      throw new AppError('invalid_argument', `The time of metric '${key}' must be in milliseconds, not ${timeMs}.`)
    if (this.#last?.key !== key) this.#last = this.#groups.get(key) ?? this.#open(key)
    this.#last.push(step, wholeMs, value)
  }

  get buffers(): PointBuffer[] {
    return [...this.#groups.values()]
  }

  #open(key: string): PointBuffer {
    checkName('metric', key)
    const buffer = new PointBuffer(key, this.#capacity)
    this.#groups.set(key, buffer)
    return buffer
  }
}
