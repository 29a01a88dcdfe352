import { sql } from 'kysely'
import type { Dialect } from '../database.ts'
import { toLike } from '../like-pattern.ts'
import { checkExpression } from '../regular-expression.ts'

/**
 * Escapes in JSON that stand for no character of a text here: U+0000 and halves of pairs (whole pairs are never escaped in what we
 * store). The look-behind leaves an escaped backslash alone.
 */
const unreadableEscape = String.raw`(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})`

const listValue = (numbers: readonly number[]): string => `{${numbers.join(',')}}`

/** @param anyCaseCollation one that knows the case of letters beyond A-Z */
export const createPostgresDialect = (anyCaseCollation: string): Dialect => ({
  name: 'postgres',
  like: (text, pattern) => sql`${text} like ${toLike(pattern)}`,
  likeAnyCase: (text, pattern) =>
    // Our columns have the collation "C", under which only A-Z have a case.
    /^\p{ASCII}*$/u.test(pattern)
      ? sql`${text} ilike ${toLike(pattern)}`
      : sql`${text} collate ${sql.id(anyCaseCollation)} ilike ${toLike(pattern)}`,
  contains: (text, part) => sql`strpos(${text}, ${part}) > 0`,
  matches: (text, pattern) => sql`${text} ~ ${checkExpression(pattern)}`,
  jsonMember: (json, key) => sql`((${json})::json ->> ${key})`,
  jsonText: (json) =>
    sql`case when left(${json}, 1) <> '"' then ${json} when strpos(${json}, '\\u') = 0 then (${json})::json #>> '{}' else regexp_replace(${json}, ${unreadableEscape}, '\\1\\\\ufffd', 'g')::json #>> '{}' end`,
  numberList: (numbers) => sql`(select unnest(${listValue(numbers)}::bigint[]))`,
  numberListValue: listValue,
  nullsLast: (direction) => sql`${sql.raw(direction)} nulls last`,
})
