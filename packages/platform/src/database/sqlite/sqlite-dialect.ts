import { sql } from 'kysely'
import type { Dialect } from '../database.ts'

/** GLOB is the case-sensitive twin of LIKE (and uses indexes); its own special characters are quoted as one-letter sets. */
const toGlob = (pattern: string): string =>
  pattern.replaceAll(/[*?[%_]/gu, (character) => (character === '%' ? '*' : character === '_' ? '?' : `[${character}]`))

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  like: (text, pattern) => sql`${text} glob ${toGlob(pattern)}`,
  likeAnyCase: (text, pattern) =>
    // LIKE folds A-Z only; other letters take a function of ours, which is slower and therefore not always used.
    /^\p{ASCII}*$/u.test(pattern) ? sql`${text} like ${pattern}` : sql`like_any_case(${text}, ${pattern})`,
  contains: (text, part) => sql`instr(${text}, ${part}) > 0`,
  jsonText: (json) => sql`${json} ->> '$'`,
  nullsLast: (direction) => sql`${sql.raw(direction)} nulls last`,
}

/** The function behind `likeAnyCase`: null for null, else 1 or 0. */
export function likeAnyCase(text: unknown, pattern: unknown): number | null {
  if (typeof text !== 'string' || typeof pattern !== 'string') return null
  const source = pattern
    .replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`)
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  return new RegExp(`^${source}$`, 'isu').test(text) ? 1 : 0
}
