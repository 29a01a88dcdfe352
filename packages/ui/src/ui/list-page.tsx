import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Refusal } from '../app/error-page.tsx'
import { useKeys } from '../app/keys.ts'
import { useSearch } from '../app/link.tsx'

/** What a list of records was answered: enough of a query to know which state its page is in. */
interface Answer {
  error: Error | null
  /** Nothing is known yet. */
  isPending: boolean
  refetch(): unknown
}

/** The frame of a page that lists records: what they are, how many, what narrows them; and each state such a page can be in. */
export function ListPage({
  title,
  facts,
  actions,
  narrowing,
  answer: { error, isPending, refetch },
  count,
  narrowedBy = '',
  empty,
  children,
}: {
  title: string
  facts?: ReactNode
  actions?: ReactNode
  /** A bar of its own below the head, where narrowing takes more than a box. */
  narrowing?: ReactNode
  answer: Answer
  /** How many are shown. */
  count: number
  /** The words that narrow the list; empty where it holds all there is. */
  narrowedBy?: string
  /** What the page teaches while there is nothing. */
  empty: ReactNode
  children: ReactNode
}) {
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        <span className="facts">{facts}</span>
        {actions && <div className="actions">{actions}</div>}
      </div>
      {narrowing}
      <div className="page-body">
        <div className="stack">
          {error && <Refusal error={error} retry={() => void refetch()} />}
          {isPending && !error && <WaitingRows />}
          {!isPending && !error && count === 0 && (narrowedBy === '' ? empty : <NoMatch title={title} words={narrowedBy} />)}
          {children}
        </div>
      </div>
    </>
  )
}

/** Of the height that rows will have; not seen at all by whom the server answers at once. */
function WaitingRows() {
  return (
    <div className="card waiting" role="status" aria-label="Loading">
      {Array.from({ length: 6 }, (_, at) => (
        <div key={at}>
          <span className="skeleton" style={{ width: `${60 - 7 * at}%` }} />
        </div>
      ))}
    </div>
  )
}

function NoMatch({ title, words }: { title: string; words: string }) {
  const [search, change] = useSearch()
  const clear = (): void => change(Object.fromEntries([...search.keys()].map((key): [string, undefined] => [key, undefined])))
  return (
    <div className="empty" role="status">
      <h2>Nothing matches</h2>
      <p>
        None of the {title.toLowerCase()} here fits <code>{words}</code>.
      </p>
      <button type="button" className="button" onClick={clear}>
        Show all
      </button>
    </div>
  )
}

const typingMs = 150

/** Narrows a list while one types; what is typed is in the address, under `parameter`. */
export function TypedFilter({
  label,
  parameter = 'name',
  onEnter,
}: {
  label: string
  parameter?: string
  /** Given what stands there. */
  onEnter?: (text: string) => void
}) {
  const [search, change] = useSearch()
  const inAddress = search.get(parameter) ?? ''
  const [text, setText] = useState(inAddress)
  const sent = useRef(inAddress)
  const box = useRef<HTMLInputElement>(null)
  useKeys('List', { '/': { label: 'filter', run: () => box.current?.focus() } })
  useEffect(() => {
    // Somebody else changed the address: the way back, or a button that clears.
    if (inAddress === sent.current) return
    sent.current = inAddress
    setText(inAddress)
  }, [inAddress])
  useEffect(() => {
    if (text.trim() === sent.current) return undefined
    const timer = setTimeout(() => {
      sent.current = text.trim()
      change({ [parameter]: text.trim(), row: undefined })
    }, typingMs)
    return () => clearTimeout(timer)
  }, [text, parameter, change])
  return (
    <input
      ref={box}
      className="field"
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') box.current?.blur()
        if (event.key === 'Enter') onEnter?.(text.trim())
      }}
    />
  )
}

/** For lists that are there as a whole. */
export const holdsText = (name: string, text: string): boolean => name.toLowerCase().includes(text.trim().toLowerCase())
