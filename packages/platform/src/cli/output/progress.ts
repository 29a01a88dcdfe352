import type { OutputStream } from '../cli.ts'
import { displayWidth, ellipsis } from './display-width.ts'
import { formatDuration } from './format.ts'
import { renderBar } from './plot.ts'
import type { Style } from './style.ts'
import { visible } from './visible.ts'

export interface ProgressState {
  /** For example `accuracy 0.973 (#12)`. */
  best?: string | undefined
  failed?: number
  running?: number
  /** Whatever else is worth a word: `1.2 GB`. */
  detail?: string
}

/** Progress of many pieces of work: a bar that stays at the bottom of a terminal, plain lines every few seconds elsewhere. */
export interface Progress {
  /** `done` counts every finished piece, failed ones included. Cheap: call it as often as something happens. */
  update(done: number, state?: ProgressState): void
  /** The number of pieces, once it is known or when it changes. */
  setTotal(total: number): void
  /** Prints whole lines above the bar. Colours in it stay as they are. */
  note(line: string): void
  /** Draws the last state and leaves it on the screen (`clear` takes it away). Idempotent; must be called, also after an error. */
  stop(options?: { clear?: boolean }): void
}

export interface ProgressOptions {
  stream: OutputStream
  /** Undefined when nobody knows: then only the count is shown. */
  total: number | undefined
  label: string
  style: Style
  unicode?: boolean
  /** Plain lines even on a terminal (`CI=true`). */
  plainLines?: boolean
  /** Between two plain lines, 5,000 unless told. */
  intervalMs?: number
  nowMs?: () => number
}

export function createProgress(options: ProgressOptions): Progress {
  return options.stream.isTTY === true && options.plainLines !== true ? createBar(options) : createLines(options)
}

interface Counters extends ProgressState {
  done: number
  total: number | undefined
  elapsedMs: number
  /** Stopped early: what is not done is not waited for. */
  stopped: boolean
}

/** What both forms say after the count. */
function factsOf(counters: Counters, style: Style): string[] {
  const { done, total, failed = 0, running = 0, best, detail, elapsedMs, stopped } = counters
  const facts: string[] = []
  if (!stopped && running > 0) facts.push(`${running} running`)
  if (failed > 0) facts.push(style.red(`${failed} failed`))
  if (best !== undefined) facts.push(`best ${style.green(visible(best))}`)
  if (detail !== undefined) facts.push(visible(detail))
  facts.push(formatDuration(elapsedMs))
  if (!stopped && total !== undefined && done > 0 && done < total)
    facts.push(`about ${formatDuration((elapsedMs / done) * (total - done))} left`)
  return facts
}

const share = ({ done, total }: Counters): string =>
  total === undefined ? `${done} done` : `${done}/${total} (${total === 0 ? 100 : Math.floor((100 * done) / total)}%)`

/**
 * One line at the bottom that is wiped and written again, at most ten times a second. Our own twenty lines: the usual library
 * cuts the line by UTF-16 units, through colour codes, or else switches line wrapping off, which hides the ends of the lines
 * that scripts print meanwhile.
 */
function createBar(options: ProgressOptions): Progress {
  const { stream, style, unicode = true, nowMs = Date.now } = options
  const startedAtMs = nowMs()
  let counters: Counters = { done: 0, total: options.total, elapsedMs: 0, stopped: false }

  const text = (): string => {
    counters.elapsedMs = nowMs() - startedAtMs
    const { done, total } = counters
    const bar = total === undefined ? '' : barOf(total === 0 ? 1 : done / total, unicode, style)
    const line = [`${visible(options.label)} ${bar}${share(counters)}`, ...factsOf(counters, style)].join(' · ')
    // A line that wraps would leave pieces behind at the next redraw. Where it must be cut it loses its colours.
    const width = (stream.columns || 80) - 1
    return displayWidth(line) <= width ? line : ellipsis(line, width)
  }
  const draw = () => void stream.write(`${wipeLine}${text()}`)
  const timer = setInterval(draw, redrawMs)
  timer.unref()
  draw()

  return {
    update(done, state = {}) {
      counters = { ...counters, ...state, done }
    },
    setTotal(total) {
      counters.total = total
    },
    note(line) {
      stream.write(counters.stopped ? `${line}\n` : `${wipeLine}${line}\n${text()}`)
    },
    stop({ clear = false } = {}) {
      if (counters.stopped) return
      counters.stopped = true
      clearInterval(timer)
      stream.write(clear ? wipeLine : `${wipeLine}${text()}\n`)
    },
  }
}

const wipeLine = '\r\u001b[2K'
const redrawMs = 100
const barColumns = 24

function barOf(fraction: number, unicode: boolean, style: Style): string {
  const filled = renderBar(fraction, barColumns, unicode)
  const rest = (unicode ? '░' : '.').repeat(Math.max(0, barColumns - filled.length))
  return `${style.cyan(filled)}${style.dim(rest)} `
}

function createLines(options: ProgressOptions): Progress {
  const { stream, style, intervalMs = 5000, nowMs = Date.now } = options
  const startedAtMs = nowMs()
  let counters: Counters = { done: 0, total: options.total, elapsedMs: 0, stopped: false }
  let printedAtMs = startedAtMs
  let printed = ''

  const print = () => {
    counters.elapsedMs = nowMs() - startedAtMs
    printedAtMs = nowMs()
    printed = share(counters)
    stream.write(`${visible(options.label)}: ${[share(counters), ...factsOf(counters, style)].join(', ')}\n`)
  }
  return {
    update(done, state = {}) {
      counters = { ...counters, ...state, done }
      if (!counters.stopped && nowMs() - printedAtMs >= intervalMs) print()
    },
    setTotal(total) {
      counters.total = total
    },
    note(line) {
      stream.write(`${line}\n`)
    },
    stop({ clear = false } = {}) {
      if (counters.stopped) return
      counters.stopped = true
      if (!clear && share(counters) !== printed) print()
    },
  }
}
