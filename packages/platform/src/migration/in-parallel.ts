/** Works on several items at once, at most `width`; the first failure ends it, once what is under way has ended. */
export async function inParallel<Item>(
  items: AsyncIterable<Item>,
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]()
  let failure: { error: unknown } | undefined
  // A generator answers one call after the other, so that workers may share it.
  const worker = async (): Promise<void> => {
    while (failure === undefined) {
      try {
        const { done, value } = await iterator.next()
        if (done === true) return
        await work(value)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  if (failure === undefined) return
  await iterator.return?.()
  throw failure.error
}
