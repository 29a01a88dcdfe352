export interface Page<Item> {
  items: Item[]
  /** Null at the end. */
  next: string | null
}

/** Items one by one, fetched a page at a time, as far as the loop goes; `pages()` gives the pages themselves. */
export class Pages<Item> implements AsyncIterable<Item> {
  readonly #read: (cursor: string | undefined) => Promise<Page<Item>>

  constructor(read: (cursor: string | undefined) => Promise<Page<Item>>) {
    this.#read = read
  }

  async *pages(): AsyncGenerator<Item[], void> {
    let cursor: string | undefined
    do {
      const page = await this.#read(cursor)
      yield page.items
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    for await (const page of this.pages()) yield* page
  }

  /** At most `limit` of them; all without. */
  async toArray(limit = Number.POSITIVE_INFINITY): Promise<Item[]> {
    const items: Item[] = []
    for await (const item of this) {
      if (items.length >= limit) break
      items.push(item)
    }
    return items
  }
}
