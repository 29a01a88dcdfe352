import { readFileSync } from 'node:fs'

/** What a fenced block of a page asks for. */
export type Step =
  /** ```python title="training.py" — a file of the reader's folder. */
  | { kind: 'file'; line: number; path: string; text: string }
  /** ```sh run — commands; `exit=1` where the last of them is meant to end so. */
  | { kind: 'run'; line: number; commands: string; exitCode: number }
  /** ```text output — lines that the commands before printed, in this order; `…` stands for any text. */
  | { kind: 'output'; line: number; lines: string[] }

/** The blocks of a page that mean something to the test; the others are for reading only. */
export function readPage(path: string): Step[] {
  const steps: Step[] = []
  let open: { fence: string; info: string; line: number; lines: string[] } | undefined
  for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const [, fence, info = ''] = /^(`{3,})(.*)$/.exec(line) ?? []
    if (open === undefined) {
      if (fence !== undefined) open = { fence, info: info.trim(), line: index + 1, lines: [] }
    } else if (fence === open.fence && info === '') {
      const step = stepOf(open.info, open.line, open.lines)
      if (step !== undefined) steps.push(step)
      open = undefined
    } else open.lines.push(line)
  }
  if (open !== undefined) throw new Error(`${path}:${open.line}: the block is not closed`)
  return steps
}

function stepOf(info: string, line: number, lines: string[]): Step | undefined {
  const [language, ...words] = info.split(/\s+/)
  const path = /\btitle="([^"]+)"/.exec(info)?.[1]
  if (path !== undefined) return { kind: 'file', line, path, text: `${lines.join('\n')}\n` }
  if (language === 'sh' && words.includes('run')) {
    const exitCode = Number(/\bexit=(\d+)/.exec(info)?.[1] ?? 0)
    return { kind: 'run', line, commands: lines.join('\n'), exitCode }
  }
  return language === 'text' && words.includes('output') ? { kind: 'output', line, lines } : undefined
}

const withoutSpaces = (text: string): string => text.trim().replaceAll(/\s+/g, ' ')

const patternOf = (line: string): RegExp =>
  new RegExp(
    `^${withoutSpaces(line)
      .split(/ ?… ?/)
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
      .join('.*')}$`,
  )

/** The first expected line that is not found behind the line before it; undefined when all are there. A line of `…` alone says nothing. */
export function missingLine(expected: readonly string[], printed: string): string | undefined {
  const lines = printed.split('\n').map(withoutSpaces)
  let from = 0
  for (const line of expected) {
    if (withoutSpaces(line) === '' || withoutSpaces(line) === '…') continue
    const pattern = patternOf(line)
    const found = lines.findIndex((text, index) => index >= from && pattern.test(text))
    if (found < 0) return line
    from = found + 1
  }
  return undefined
}
