import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef, useState } from 'react'
import { isEnded } from '@trainyard/contract'
import { addressOf } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { useKeys } from '../app/keys.ts'
import { formatBytes, formatCount } from '../format/number.ts'
import { useSearch } from '../app/link.tsx'
import { parseAnsi } from './ansi.ts'
import { lineAt } from './log-lines.ts'
import { isAtEnd, useLog } from './use-log.ts'
import { useLogSearch } from './use-log-search.ts'

const lineHeight = 17

/** What a run printed: follows while it runs, finds lines in all of it, and holds no more of it in the page than is looked at. */
export function LogView({ run, mark, isShort = false }: { run: RunRecord; mark: number | undefined; isShort?: boolean }) {
  const runId = run.id
  const { log, readEarlier, readLater, readEnd, readAround } = useLog(runId, mark)
  const [text, setText] = useFoundText(isShort)
  const [hit, setHit] = useState(0)
  const [isFollowing, setFollowing] = useState(text === '')
  const [isWrapped, setWrapped] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const search = useRef<HTMLInputElement>(null)
  const isOver = isEnded(run.state)
  const lines = useMemo(() => (log ? (log.rest === '' ? log.lines : [...log.lines, log.rest]) : []), [log])
  const { offsets, isDone } = useLogSearch(runId, text, mark)
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => place.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  })
  useEffect(() => {
    if (isFollowing && lines.length > 0) virtual.scrollToIndex(lines.length - 1)
  }, [lines.length, isFollowing, virtual])
  useEffect(() => virtual.measure(), [isWrapped, virtual])
  const chosen = offsets[hit % Math.max(1, offsets.length)]
  const current = log && chosen !== undefined ? lineAt(log, chosen) : undefined
  const isHere = current !== undefined
  useEffect(() => {
    if (chosen !== undefined) void readAround(chosen)
  }, [chosen, readAround])
  useEffect(() => {
    if (isHere) virtual.scrollToIndex(current, { align: 'center' })
    // Lines that come before it later must not bring it back.
  }, [chosen, isHere, virtual])
  const find = (wanted: string): void => {
    setText(wanted)
    setHit(0)
    setFollowing(false)
  }
  const goTo = (by: number): void => {
    setFollowing(false)
    if (offsets.length > 0) setHit((hit + by + offsets.length) % offsets.length)
  }
  const follow = (): void => {
    if (!isFollowing && log && !isAtEnd(log)) void readEnd()
    setFollowing(isOver || !isFollowing)
  }
  useKeys(isShort ? 'Log' : 'Logs', {
    f: { label: isOver ? 'to the end of the log' : 'follow the log', run: follow },
    w: { label: 'wrap long lines', run: () => setWrapped(!isWrapped) },
    ...(isShort
      ? {}
      : {
          '/': { label: 'search the log', run: () => search.current?.focus() },
          n: { label: 'next hit', run: () => goTo(1) },
          N: { label: 'hit before', run: () => goTo(-1) },
          e: { label: 'first error', run: () => find('error') },
        }),
  })
  const onScroll = (): void => {
    const element = place.current
    if (!element) return
    const isAtBottom = element.scrollHeight - element.scrollTop - element.clientHeight < lineHeight * 2
    if (isFollowing && !isAtBottom) setFollowing(false)
    if (isAtBottom && log && !isAtEnd(log)) void readLater()
    if (element.scrollTop < lineHeight && log && log.start > 0 && !isShort) {
      const before = lines.length
      void readEarlier().then(() =>
        requestAnimationFrame(() => (element.scrollTop += (virtual.options.count - before) * lineHeight)),
      )
    }
  }
  const isSilent = isOver && log !== null && log.sizeBytes === 0
  const facts =
    log && log.sizeBytes > 0
      ? `${formatCount(lines.length)} ${lines.length === 1 ? 'line' : 'lines'}${log.start > 0 || !isAtEnd(log) ? ' of them here' : ''} · ${formatBytes(log.sizeBytes)}`
      : ''
  return (
    <section className={isShort ? `card log short${isSilent ? ' silent' : ''}` : 'log'} aria-label="Output">
      <header className="log-bar">
        {isShort ? (
          <h2>Log</h2>
        ) : (
          <input
            ref={search}
            className="field"
            aria-label="Search the log"
            placeholder="Search"
            value={text}
            onChange={(event) => find(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') goTo(event.shiftKey ? -1 : 1)
              if (event.key === 'Escape') search.current?.blur()
            }}
          />
        )}
        {text !== '' && (
          <span className="muted" role="status">
            {offsets.length === 0 ? (isDone ? 'no line' : 'looking') : hitSentence(hit, offsets.length, isDone)}
          </span>
        )}
        <span className="muted log-facts">{facts}</span>
        {!isShort && (
          <a className="button small" href={addressOf(`/runs/${runId}/output/bytes`)} download={`${runId.slice(0, 8)}.log`}>
            Download
          </a>
        )}
        <button type="button" className="button small" aria-pressed={isWrapped} onClick={() => setWrapped(!isWrapped)}>
          Wrap <kbd>w</kbd>
        </button>
        <button type="button" className="button small" aria-pressed={isOver ? undefined : isFollowing} onClick={follow}>
          {isOver ? 'To the end' : isFollowing ? 'Following' : 'Follow'} <kbd>f</kbd>
        </button>
      </header>
      {lines.length === 0 ? (
        <p className="log-empty muted">{log === null ? '' : emptySentence(run)}</p>
      ) : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
        <div ref={place} className="log-lines" onScroll={onScroll} tabIndex={0} role="log" aria-live="off" aria-label="Lines">
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map((item) => (
              <LogLine
                key={item.index}
                index={item.index}
                text={lines[item.index]!}
                top={item.start}
                isHit={item.index === current}
                measure={isWrapped ? virtual.measureElement : undefined}
              />
            ))}
          </div>
        </div>
      )}
    </section>
  )
}

const LogLine = memo(function LogLine({
  index,
  text,
  top,
  isHit,
  measure,
}: {
  index: number
  text: string
  top: number
  isHit: boolean
  /** Lines that wrap are as high as they are; all others have one height, which costs nothing to know. */
  measure: ((element: HTMLElement | null) => void) | undefined
}) {
  const classes = `log-line${isHit ? ' hit' : ''}${measure ? ' wrapped' : ''}`
  return (
    <div ref={measure} data-index={index} className={classes} style={{ transform: `translateY(${top}px)` }}>
      {parseAnsi(text).map((part, at) => (
        <span key={at} className={part.classes || undefined}>
          {part.text}
        </span>
      ))}
    </div>
  )
})

/** Nobody of ours stood beside a process that only reported to us: what it printed went to its own terminal. */
function emptySentence({ supervisor, code, state }: RunRecord): string {
  if (code === null && (supervisor === null || supervisor.host === '(client)'))
    return 'Its output was not captured: a client logged this run. Output of what trainyard run starts is shown here.'
  return isEnded(state) ? 'It printed nothing.' : 'No output yet. Lines appear here as the process writes them.'
}

const hitSentence = (hit: number, count: number, isDone: boolean): string =>
  `${formatCount((hit % count) + 1)} of ${formatCount(count)}${isDone ? '' : ' so far'}`

/** What is looked for stands in the address, so that a link shows the same line. */
function useFoundText(isShort: boolean): [text: string, setText: (text: string) => void] {
  const [search, change] = useSearch()
  const [text, setText] = useState(isShort ? '' : (search.get('find') ?? ''))
  useEffect(() => {
    if (!isShort) change({ find: text })
  }, [text, change, isShort])
  return [text, setText]
}
