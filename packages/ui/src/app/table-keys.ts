import { useEffect, useRef } from 'react'
import { useKeys } from './keys.ts'
import { useSearch } from './link.tsx'

const opener = 'a[href], button'
const rowsHere = (): HTMLElement[] =>
  [...document.querySelectorAll<HTMLElement>('main .plain-table tbody tr')].filter(
    (row) => row.querySelector(opener) !== null && row.offsetParent !== null,
  )
const focused = (): HTMLElement | undefined =>
  document.activeElement?.closest<HTMLElement>('main .plain-table tbody tr') ?? undefined

function focusRow(row: HTMLElement | undefined): void {
  if (!row) return
  row.tabIndex = -1
  row.focus({ preventScroll: true })
  row.scrollIntoView({ block: 'nearest' })
}

/** From the row that has the focus, or from the first or last one. Rows of several tables follow one another. */
function move(by: 1 | -1): void {
  const rows = rowsHere()
  const here = focused()
  const at = here ? rows.indexOf(here) + by : by === 1 ? 0 : rows.length - 1
  focusRow(rows[Math.max(0, Math.min(rows.length - 1, at))])
}

/** The keys of every table of plain rows, whatever page it is on. A page with keys of its own goes before. */
export function useTableKeys(): void {
  const hasRows = (): boolean => rowsHere().length > 0
  const isOnRow = (): boolean => focused() !== undefined
  useKeys(
    'Tables',
    {
      j: { label: 'down a row', run: () => move(1), isOn: hasRows },
      k: { label: 'up a row', run: () => move(-1), isOn: hasRows },
      ArrowDown: { label: 'down a row', run: () => move(1), isOn: isOnRow },
      ArrowUp: { label: 'up a row', run: () => move(-1), isOn: isOnRow },
      Enter: { label: 'open the row', run: () => focused()?.querySelector<HTMLElement>(opener)?.click(), isOn: hasRows },
      x: {
        label: 'choose the row',
        run: () => focused()?.querySelector<HTMLElement>('input[type=checkbox]')?.click(),
        isOn: () => focused()?.querySelector('input[type=checkbox]') !== null && isOnRow(),
      },
    },
    { isUnderAll: true },
  )
}

/** A table to come back to: what is opened from a row leaves the row's name in the address, and on the way back that row has the focus. */
export function usePlace(isThere: boolean) {
  const table = useRef<HTMLTableElement>(null)
  const [search, change] = useSearch()
  const place = search.get('row')
  const isFound = useRef(false)
  useEffect(() => {
    if (!isThere || isFound.current) return
    isFound.current = true
    const row = place === null ? null : table.current?.querySelector<HTMLElement>(`tr[data-row="${CSS.escape(place)}"]`)
    if (!row) return
    focusRow(row)
    row.scrollIntoView({ block: 'center' })
  }, [isThere, place])
  useEffect(() => {
    const element = table.current
    if (!element || !isThere) return undefined
    // Before the link itself is followed: the address that is left has to know the row.
    const note = ({ target }: Event): void => {
      const row = target instanceof Element && target.closest('a[href]') ? target.closest<HTMLElement>('tr[data-row]') : null
      if (row) change({ row: row.dataset['row'] })
    }
    element.addEventListener('click', note, { capture: true })
    return () => element.removeEventListener('click', note, { capture: true })
  }, [isThere, change])
  return table
}
