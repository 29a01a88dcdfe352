/**
 * The names that a plain handler takes apart from its parameters, `(context, { eta = 0.3, rounds })`, read from its source; undefined where
 * the source does not tell all of them: another form of parameter, a rest, or parameters read from the context.
 */
export function parameterNamesOf(handler: object): string[] | undefined {
  const source = Function.prototype.toString.call(handler)
  if (/\.\s*(?:parameters|getParam)\b|\barguments\b/.test(source)) return undefined
  const opening = source.indexOf('(')
  const list = opening < 0 ? undefined : partsBehind(source, opening)
  const pattern = list?.[1]?.trim()
  if (pattern === undefined || !pattern.startsWith('{')) return undefined
  const names: string[] = []
  for (const part of partsBehind(pattern, 0) ?? ['...']) {
    const text = part.trim()
    if (text === '') continue
    const name = /^(?:([\p{ID_Start}$_][\p{ID_Continue}$]*)|'([^'\\]*)'|"([^"\\]*)")\s*(?:[:=]|$)/u.exec(text)
    if (name === null) return undefined
    names.push(name[1] ?? name[2] ?? name[3] ?? '')
  }
  return names
}

const closers: Record<string, string> = { '(': ')', '[': ']', '{': '}' }

/** What stands between the bracket at `opening` and its partner, cut at its own commas. Undefined where a comment, template or regular expression could hide brackets. */
function partsBehind(source: string, opening: number): string[] | undefined {
  const open: string[] = []
  const parts: string[] = []
  let begin = opening + 1
  for (let index = opening; index < source.length; index++) {
    const character = source[index]!
    if (character === '/' || character === '`') return undefined
    if (character === "'" || character === '"') {
      while (++index < source.length && source[index] !== character) if (source[index] === '\\') index++
    } else if (closers[character] !== undefined) open.push(closers[character])
    else if (character === open.at(-1)) {
      open.pop()
      if (open.length === 0) return [...parts, source.slice(begin, index)]
    } else if (character === ',' && open.length === 1) {
      parts.push(source.slice(begin, index))
      begin = index + 1
    }
  }
  return undefined
}
