import { type RefObject, useCallback, useEffect, useState } from 'react'
import { flushSync } from 'react-dom'

/** Drawn above and below what is in view, so that scrolling a little shows rows at once. */
const spareRows = 6
/** Without a scroll for so long, it is at rest. */
const restMs = 150

/** The rows to draw, both ends included; none of an empty table. */
export interface RowsInView {
  first: number
  last: number
  isScrolling: boolean
  /** Scrolls as little as it takes to have all of a row in view. */
  show(index: number): void
}

/**
 * Which rows a box shows that is scrolled over `count` of one height, below a heading as high as they are that stays. One division does it:
 * the usual virtualizers keep a place for each row, which for 100,000 took 35 ms whenever there were others.
 */
export function useRowsInView(
  box: RefObject<HTMLElement | null>,
  { count, rowHeight, boxHeight }: { count: number; rowHeight: number; boxHeight: number },
): RowsInView {
  const [scrolledTo, setScrolledTo] = useState(0)
  const [isScrolling, setScrolling] = useState(false)
  useEffect(() => {
    const element = box.current
    if (!element) return undefined
    let resting: number | undefined
    const look = (): void => {
      clearTimeout(resting)
      resting = window.setTimeout(() => setScrolling(false), restMs)
      // In this frame: rows that come later would leave a gap.
      flushSync(() => {
        setScrolling(true)
        setScrolledTo(Math.floor(element.scrollTop / rowHeight))
      })
    }
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      clearTimeout(resting)
      element.removeEventListener('scroll', look)
    }
  }, [box, rowHeight])
  const show = useCallback(
    (index: number) => {
      const element = box.current
      if (!element) return
      const highest = (index + 2) * rowHeight - element.clientHeight
      element.scrollTop = Math.min(index * rowHeight, Math.max(highest, element.scrollTop))
    },
    [box, rowHeight],
  )
  return { ...rowsAround({ scrolledTo, count, fitting: Math.ceil(boxHeight / rowHeight) }), isScrolling, show }
}

/** A box that was scrolled further than there are rows now shows the last ones. */
export function rowsAround({ scrolledTo, count, fitting }: { scrolledTo: number; count: number; fitting: number }): {
  first: number
  last: number
} {
  const top = Math.max(0, Math.min(scrolledTo, count - fitting))
  return { first: Math.max(0, top - spareRows), last: Math.min(count - 1, top + fitting + spareRows) }
}
