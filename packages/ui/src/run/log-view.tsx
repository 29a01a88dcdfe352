import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useMemo, useRef, useState } from 'react'
import { isEnded } from '@trainyard/contract'
import { addressOf } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { useKeys } from '../app/keys.ts'
import { formatBytes, formatCount } from '../format/number.ts'
import { parseAnsi, plainText } from './ansi.ts'
import { useLog } from './use-log.ts'

const lineHeight = 17

/** What a run printed: follows while it runs, searches, and holds no more lines in the page than fit. */
export function LogView({ run, mark, isShort = false }: { run: RunRecord; mark: number | undefined; isShort?: boolean }) {
  const runId = run.id
  const { log, readEarlier } = useLog(runId, mark)
  const [text, setText] = useState('')
  const [hit, setHit] = useState(0)
  const [isFollowing, setFollowing] = useState(true)
  const [isWrapped, setWrapped] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const search = useRef<HTMLInputElement>(null)
  const lines = useMemo(() => (log ? (log.rest === '' ? log.lines : [...log.lines, log.rest]) : []), [log, log?.lines, log?.rest])
  const hits = useMemo(() => findLines(lines, text), [lines, text])
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
  const current = hits[hit % Math.max(1, hits.length)]
  useEffect(() => {
    if (current !== undefined) virtual.scrollToIndex(current, { align: 'center' })
  }, [current, virtual])
  const goTo = (by: number): void => {
    setFollowing(false)
    if (hits.length > 0) setHit((hit + by + hits.length) % hits.length)
  }
  const findError = (): void => {
    setText('error')
    setFollowing(false)
    setHit(0)
  }
  useKeys(isShort ? 'Log' : 'Logs', {
    f: { label: 'follow the log', run: () => setFollowing(!isFollowing) },
    w: { label: 'wrap long lines', run: () => setWrapped(!isWrapped) },
    ...(isShort
      ? {}
      : {
          '/': { label: 'search the log', run: () => search.current?.focus() },
          n: { label: 'next hit', run: () => goTo(1) },
          N: { label: 'hit before', run: () => goTo(-1) },
          e: { label: 'first error', run: findError },
        }),
  })
  const onScroll = (): void => {
    const element = place.current
    if (!element) return
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < lineHeight * 2
    if (isFollowing && !isAtEnd) setFollowing(false)
    if (element.scrollTop < lineHeight && log && log.start > 0 && !isShort) {
      const before = lines.length
      void readEarlier().then(() =>
        requestAnimationFrame(() => (element.scrollTop += (virtual.options.count - before) * lineHeight)),
      )
    }
  }
  const facts =
    log && log.sizeBytes > 0
      ? `${formatCount(lines.length)} lines${log.start > 0 ? ' of the end' : ''} · ${formatBytes(log.sizeBytes)}`
      : ''
  return (
    <section className={isShort ? 'card log short' : 'log'} aria-label="Output">
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
            onChange={(event) => {
              setText(event.target.value)
              setHit(0)
              setFollowing(false)
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter') goTo(event.shiftKey ? -1 : 1)
              if (event.key === 'Escape') search.current?.blur()
            }}
          />
        )}
        {text !== '' && (
          <span className="muted" role="status">
            {hits.length === 0 ? 'no line' : `${(hit % hits.length) + 1} of ${formatCount(hits.length)}`}
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
        <button type="button" className="button small" aria-pressed={isFollowing} onClick={() => setFollowing(!isFollowing)}>
          {isFollowing ? 'Following' : 'Follow'} <kbd>f</kbd>
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

function findLines(lines: readonly string[], text: string): number[] {
  if (text === '') return []
  const wanted = text.toLowerCase()
  const found: number[] = []
  for (const [at, line] of lines.entries()) if (plainText(line).toLowerCase().includes(wanted)) found.push(at)
  return found
}
