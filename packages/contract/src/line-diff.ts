/** A line of a comparison: one that both have, one that only the first has (`-`), one that only the second has (`+`). */
export interface LineChange {
  kind: ' ' | '-' | '+'
  text: string
  /** Counted from 1, in the text that has it; in the second where both do. */
  line: number
}

const mostCells = 4_000_000

/** Changed lines with `around` equal ones to each side; nothing for equal texts. Texts that differ beyond measure are told whole. */
export function diffLines(before: string, after: string, around = 3): LineChange[] {
  if (before === after) return []
  const [left, right] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < left.length && start < right.length && left[start] === right[start]) start++
  let end = 0
  while (end < left.length - start && end < right.length - start && left.at(-1 - end) === right.at(-1 - end)) end++
  const middle = compareMiddle(left.slice(start, left.length - end), right.slice(start, right.length - end), start)
  const equal = (from: number, to: number): LineChange[] =>
    right.slice(from, to).map((text, at) => ({ kind: ' ', text, line: from + at + 1 }))
  const whole = [...equal(0, start), ...middle, ...equal(right.length - end, right.length)]
  const isNear = (at: number): boolean => whole.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== ' ')
  return whole.filter((_, at) => isNear(at))
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

/** By the longest common subsequence. */
function compareMiddle(left: readonly string[], right: readonly string[], offset: number): LineChange[] {
  const removed = (at: number): LineChange => ({ kind: '-', text: left[at]!, line: offset + at + 1 })
  const added = (at: number): LineChange => ({ kind: '+', text: right[at]!, line: offset + at + 1 })
  const width = right.length + 1
  if ((left.length + 1) * width > mostCells) return [...left.map((_, at) => removed(at)), ...right.map((_, at) => added(at))]
  const lengths = new Uint32Array((left.length + 1) * width)
  for (let row = left.length - 1; row >= 0; row--)
    for (let column = right.length - 1; column >= 0; column--)
      lengths[row * width + column] =
        left[row] === right[column]
          ? lengths[(row + 1) * width + column + 1]! + 1
          : Math.max(lengths[(row + 1) * width + column]!, lengths[row * width + column + 1]!)
  const changes: LineChange[] = []
  let [row, column] = [0, 0]
  while (row < left.length || column < right.length) {
    if (row < left.length && column < right.length && left[row] === right[column]) {
      changes.push({ kind: ' ', text: right[column]!, line: offset + column + 1 })
      row++
      column++
    } else if (
      column >= right.length ||
      (row < left.length && lengths[(row + 1) * width + column]! >= lengths[row * width + column + 1]!)
    ) {
      changes.push(removed(row++))
    } else changes.push(added(column++))
  }
  return changes
}
