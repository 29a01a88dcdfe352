import { sql, type SqlBool } from 'kysely'
import { plainPattern } from '../../base/plain-pattern.ts'
import type { Dialect } from '../database.ts'
import { toLike, translatePattern } from '../like-pattern.ts'
import { checkExpression } from '../regular-expression.ts'

/** GLOB is the case-sensitive twin of LIKE (and uses indexes); its own special characters are quoted as one-letter sets. */
const toGlob = (pattern: string): string =>
  translatePattern(pattern, { '%': '*', _: '?' }, (character) => ('*?['.includes(character) ? `[${character}]` : character))

const listValue = (numbers: readonly number[]): string => JSON.stringify(numbers)

/** GLOB and LIKE read a pattern only up to a NUL, which no searched text has. */
const nothing = sql<SqlBool>`1 = 0`

export const sqliteDialect: Dialect = {
  name: 'sqlite',
  like: (text, pattern) => (pattern.includes('\0') ? nothing : sql`${text} glob ${toGlob(pattern)}`),
  likeAnyCase: (text, pattern) =>
    // LIKE folds A-Z only; other letters take a function of ours, which is slower and therefore not always used.
    pattern.includes('\0')
      ? nothing
      : /^\p{ASCII}*$/u.test(pattern)
        ? sql`${text} like ${toLike(pattern)} escape ${'\\'}`
        : sql`like_any_case(${text}, ${pattern})`,
  contains: (text, part) => sql`instr(${text}, ${part}) > 0`,
  matches: (text, pattern) => sql`matches(${text}, ${checkExpression(pattern)})`,
  jsonMember: (json, key) => {
    const path = `$.${JSON.stringify(key)}`
    return sql`case json_type(${json}, ${path}) when 'true' then 'true' when 'false' then 'false' else cast(${json} ->> ${path} as text) end`
  },
  jsonText: (json) => sql`${json} ->> '$'`,
  numberList: (numbers) => sql`(select value from json_each(${listValue(numbers)}))`,
  numberListValue: listValue,
  nullsLast: (direction) => sql`${sql.raw(direction)} nulls last`,
}

let lastPattern: { text: string; matcher: RegExp } | undefined

/** The function behind `likeAnyCase`: null for null, else 1 or 0. */
export function likeAnyCase(text: unknown, pattern: unknown): number | null {
  if (typeof text !== 'string' || typeof pattern !== 'string') return null
  if (lastPattern?.text !== pattern) {
    lastPattern = {
      text: pattern,
      matcher: new RegExp(`^${translatePattern(pattern, { '%': '.*', _: '.' }, plainPattern)}$`, 'isu'),
    }
  }
  return lastPattern.matcher.test(text) ? 1 : 0
}
