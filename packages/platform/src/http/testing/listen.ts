export interface HeardEvent {
  id?: string
  event: string
  // oxlint-disable-next-line typescript/no-explicit-any -- What it holds is for each test to know.
  data: any
}

export interface Listening extends AsyncDisposable {
  /** The next event that fits; those before it are passed over. */
  until(fits: (event: HeardEvent) => boolean): Promise<HeardEvent>
}

/** Listens to server-sent events over a socket. */
export async function listen(url: string, headers: Record<string, string> = {}): Promise<Listening> {
  const left = new AbortController()
  const answer = await fetch(url, { headers, signal: left.signal })
  if (!answer.ok || !answer.body) throw new Error(`${answer.status} ${await answer.text()}`)
  const events = readEvents(answer.body)
  return {
    async until(fits) {
      for (;;) {
        const { value, done } = await events.next()
        if (done) throw new Error('The stream has ended.')
        if (fits(value)) return value
      }
    },
    [Symbol.asyncDispose]: async () => {
      left.abort()
    },
  }
}

async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<HeardEvent, undefined> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const [id, event, data] = [field('id'), field('event'), field('data')]
      if (event !== undefined) yield { ...(id === undefined ? {} : { id }), event, data: JSON.parse(data ?? 'null') as unknown }
    }
  }
  return undefined
}
