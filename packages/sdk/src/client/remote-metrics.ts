import type { MetricPoint } from '@trainyard/contract'
import type { Connection } from './connection.ts'
import { toPoint } from './points.ts'
import { untilAnswered } from './until-answered.ts'

export interface MetricSummary {
  key: string
  pointCount: number
  last: MetricPoint
  min: number | null
  max: number | null
}

export interface NamedPoint extends MetricPoint {
  key: string
}

export interface FollowOptions {
  /** Without it all metrics. */
  keys?: readonly string[]
  /** Only what is logged from now on; else everything from the first point on. */
  fromNow?: boolean
  signal?: AbortSignal
}

const waitMs = 25_000

/** The metrics of one run. */
export class RemoteMetrics {
  readonly #connection: Connection
  readonly #path: { run: string }

  constructor(connection: Connection, run: string) {
    this.#connection = connection
    this.#path = { run }
  }

  async list(): Promise<MetricSummary[]> {
    const { metrics } = await this.#connection.call('getMetrics', { path: this.#path })
    return metrics.map(({ min, max, ...each }) => ({
      ...each,
      last: toPoint(each.last),
      min: min === null ? null : toPoint({ value: min }).value,
      max: max === null ? null : toPoint({ value: max }).value,
    }))
  }

  /** In order of step. With `maxPoints` a shape that keeps every spike. */
  async points(key: string, options: { fromStep?: number; toStep?: number; maxPoints?: number } = {}): Promise<MetricPoint[]> {
    const { points } = await this.#connection.call('getPoints', { path: this.#path, query: { key, ...options } })
    return points.map(toPoint)
  }

  /**
   * Every point in the order it arrived, live, until the run has ended: each once, whatever connections are lost and servers restarted
   * on the way. Leaving the loop, or the signal, ends it earlier.
   */
  async *follow({ keys, fromNow = false, signal }: FollowOptions = {}): AsyncGenerator<NamedPoint, void> {
    let seen = fromNow ? await this.#counts() : {}
    const wanted = keys === undefined ? {} : { keys: [...keys] }
    // oxlint-disable-next-line eslint/no-unmodified-loop-condition -- A signal changes by itself.
    while (!signal?.aborted) {
      const body = { ...wanted, seen, waitMs }
      const answer = await untilAnswered(() => this.#connection.call('followPoints', { path: this.#path, body, signal }), signal)
      if (!answer) return
      for (const point of answer.points) yield toPoint(point)
      seen = answer.seen
      if (answer.ended) return
    }
  }

  async #counts(): Promise<Record<string, number>> {
    const series = await this.list()
    return Object.fromEntries(series.map(({ key, pointCount }) => [key, pointCount]))
  }
}
