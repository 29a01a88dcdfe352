import type { LineChange } from '@trainyard/contract'

/**
 * Changed lines as a unified diff, which people and `git apply` read: `---` and `+++` with the names, then each group of lines behind a
 * line `@@ -from,count +from,count @@`. No lines where nothing differs.
 */
export function unifiedDiff(changes: readonly LineChange[], names: { before: string; after: string }): string[] {
  if (changes.length === 0) return []
  const lines = [`--- ${names.before}`, `+++ ${names.after}`]
  for (const group of groupsOf(changes)) {
    const [before, after] = [
      group.lines.filter(({ kind }) => kind !== '+').length,
      group.lines.filter(({ kind }) => kind !== '-').length,
    ]
    // Where nothing is, the line before it is named.
    const place = (from: number, count: number): string => `${count === 0 ? from - 1 : from},${count}`
    lines.push(
      `@@ -${place(group.before, before)} +${place(group.after, after)} @@`,
      ...group.lines.map(({ kind, text }) => kind + text),
    )
  }
  return lines
}

interface Group {
  /** Where it begins in the two texts, from 1. */
  before: number
  after: number
  lines: LineChange[]
}

/** Lines that follow one another in both texts. */
function groupsOf(changes: readonly LineChange[]): Group[] {
  const groups: Group[] = []
  // The next line of each text; lines that both have and that are not told lie between groups.
  let [before, after] = [1, 1]
  for (const change of changes) {
    const skipped = change.line - (change.kind === '-' ? before : after)
    before += skipped
    after += skipped
    const group = groups.at(-1)
    if (group === undefined || skipped > 0) groups.push({ before, after, lines: [change] })
    else group.lines.push(change)
    if (change.kind !== '+') before++
    if (change.kind !== '-') after++
  }
  return groups
}
