import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'
import { abortedError, untilSignal } from './cancel.ts'

export interface ReadPlan {
  /** For sentences, for example `s3://bucket/key`. */
  address: string
  /** Bytes from here on up to `end`; called again from where the stream broke. An `AppError` from it is final unless `unavailable`. */
  open(offset: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /** What `open` gave for `offset`, when it was called before. */
  first?: AsyncIterable<Uint8Array>
  /** Lets go of the connection behind `first`; called when the stream is closed before anybody read from it. */
  discardFirst?: () => void
  offset: number
  /** Exclusive; infinite when not known, then a clean end of a stream is the end. */
  end: number
  signal: AbortSignal | undefined
  /** Silence for so long counts as a lost connection. Default 30,000. */
  idleTimeoutMs?: number
  /** Tries in a row without a byte in between before giving up. Default 5. */
  attempts?: number
  /** Pause before the second of them, doubled for each more. Default 200. */
  retryDelayMs?: number
}

/** One stream over as many connections as it takes. Ends with `unavailable` when the object cannot be read to its end. */
export function resumableRead(plan: ReadPlan): Readable {
  const closed = new AbortController()
  const signal = plan.signal ? AbortSignal.any([plan.signal, closed.signal]) : closed.signal
  const progress = { isStarted: false }
  const stream = Readable.from(readOn(plan, signal, progress), { objectMode: false, highWaterMark: 256 * 1024 })
  stream.once('close', () => {
    closed.abort()
    if (!progress.isStarted) plan.discardFirst?.()
  })
  return stream
}

async function* readOn(plan: ReadPlan, signal: AbortSignal, progress: { isStarted: boolean }): AsyncGenerator<Uint8Array> {
  progress.isStarted = true
  const { address, end, attempts = 5, retryDelayMs = 200 } = plan
  let { offset, first } = plan
  let failures = 0
  while (offset < end) {
    // One controller per connection, so that a silent one can be dropped alone.
    const connection = new AbortController()
    const both = AbortSignal.any([signal, connection.signal])
    const watch = watchSilence(plan.idleTimeoutMs ?? 30_000, connection)
    try {
      const source = first ?? (await plan.open(offset, both))
      first = undefined
      for await (const chunk of untilSignal(source, both, () => new Error('no data arrived in time'))) {
        watch.pause()
        const wanted = chunk.byteLength > end - offset ? chunk.subarray(0, end - offset) : chunk
        offset += wanted.byteLength
        failures = 0
        yield wanted
        watch.resume()
      }
      if (offset >= end || end === Number.POSITIVE_INFINITY) return
      throw new Error(`the connection ended ${end - offset} bytes early`)
    } catch (error) {
      first = undefined
      if (signal.aborted) throw abortedError(signal, `Reading ${address}`)
      if (error instanceof AppError && error.code !== 'unavailable') throw error
      failures += 1
      if (failures >= attempts) throw lostConnection(address, offset, error)
    } finally {
      watch.pause()
      connection.abort()
    }
    await delay(retryDelayMs * 2 ** (failures - 1), undefined, { signal }).catch(() => undefined)
  }
}

const lostConnection = (address: string, offset: number, error: unknown): AppError =>
  error instanceof AppError
    ? error
    : new AppError(
        'unavailable',
        `Reading ${address} broke off at byte ${offset} and could not be taken up again: ${systemReason(error)}.`,
        {
          cause: error,
        },
      )

function watchSilence(limitMs: number, connection: AbortController): { pause(): void; resume(): void } {
  let timer: NodeJS.Timeout | undefined
  const pause = (): void => clearTimeout(timer)
  const resume = (): void => {
    pause()
    timer = setTimeout(() => connection.abort(), limitMs)
  }
  resume()
  return { pause, resume }
}
