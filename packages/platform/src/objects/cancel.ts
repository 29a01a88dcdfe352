import { AppError } from '@trainyard/contract'

/** Throws `aborted` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw abortedError(signal, what)
}

/** The error for work that a signal ended; `what` is the work, for example `Storing "model.pkl"`. */
export const abortedError = (signal: AbortSignal | undefined, what: string): AppError =>
  signal?.reason instanceof AppError
    ? signal.reason
    : new AppError('aborted', `${what} was cancelled.`, { cause: signal?.reason })

/** Passes a stream on until the signal fires, even while the stream itself has nothing to give. */
export function untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined, what: string): AsyncIterable<T> {
  return signal ? untilSignal(source, signal, () => abortedError(signal, what)) : source
}

export async function* untilSignal<T>(source: AsyncIterable<T>, signal: AbortSignal, errorOf: () => Error): AsyncGenerator<T> {
  if (signal.aborted) throw errorOf()
  const iterator = source[Symbol.asyncIterator]()
  const stopped = Promise.withResolvers<never>()
  const stop = (): void => stopped.reject(errorOf())
  signal.addEventListener('abort', stop, { once: true })
  // Nobody may be waiting when the signal fires; whoever waits gets the error from the race.
  stopped.promise.catch(() => undefined)
  let finished = false
  try {
    for (;;) {
      const { value, done } = await Promise.race([iterator.next(), stopped.promise])
      if (done) {
        finished = true
        return
      }
      yield value
    }
  } finally {
    signal.removeEventListener('abort', stop)
    // A source that is stuck cannot be waited for; it is told to stop, and its own failure has no reader any more.
    if (!finished) void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}
