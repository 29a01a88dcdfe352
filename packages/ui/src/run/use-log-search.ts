import { useEffect, useRef, useState } from 'react'
import { get } from '../api/client.ts'

const typingMs = 200
const mostHits = 10_000

interface Part {
  hits: { offset: number }[]
  next: number
  ended: boolean
}

export interface LogHits {
  /** Of the first bytes of the lines, in order. */
  offsets: readonly number[]
  /** False while the server still looks. */
  isDone: boolean
}

const nothing: LogHits = { offsets: [], isDone: true }

/**
 * Lines of a whole log that hold a text: the server looks, part by part, and what it has found is here at once. When there is more of
 * the log, only that is looked at.
 */
export function useLogSearch(runId: string, text: string, mark: number | undefined): LogHits {
  const [found, setFound] = useState(nothing)
  const place = useRef({ text: '', next: 0 })
  useEffect(() => {
    if (place.current.text !== text) {
      place.current = { text, next: 0 }
      setFound({ offsets: [], isDone: text === '' })
    }
    if (text === '') return undefined
    const away = new AbortController()
    const search = async (signal: AbortSignal): Promise<void> => {
      try {
        for (let count = 0, isDone = false; !isDone && !signal.aborted;) {
          const part = await get<Part>(`/runs/${runId}/output/search`, { text, offset: place.current.next }, signal)
          place.current.next = part.next
          count += part.hits.length
          isDone = part.ended || count >= mostHits
          setFound(({ offsets }) => ({ offsets: joined(offsets, part), isDone }))
        }
      } catch {
        // Typed on, or the server is away, which the banner tells.
      }
    }
    const timer = setTimeout(() => void search(away.signal), typingMs)
    return () => {
      clearTimeout(timer)
      away.abort()
    }
  }, [runId, text, mark])
  return found
}

/** A line that was found before it ended is found again. */
function joined(offsets: readonly number[], { hits }: Part): readonly number[] {
  const last = offsets.at(-1) ?? -1
  return [...offsets, ...hits.flatMap(({ offset }) => (offset > last ? [offset] : []))]
}
