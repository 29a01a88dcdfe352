import { type RefObject, useLayoutEffect, useState } from 'react'

/** The inner size of an element, in whole pixels, as it changes. */
export function useSize(element: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const target = element.current
    if (!target) return undefined
    const look = (): void => {
      const next = { width: Math.floor(target.clientWidth), height: Math.floor(target.clientHeight) }
      setSize((before) => (before.width === next.width && before.height === next.height ? before : next))
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(target)
    return () => observer.disconnect()
  }, [element])
  return size
}
