/** The parts of a pattern: a wildcard, or one plain character (a backslash makes the next one plain, a last one stands for itself). */
function* patternParts(pattern: string): Generator<{ wildcard: '%' | '_' } | { plain: string }> {
  for (const [part] of pattern.matchAll(/\\[\s\S]|[\s\S]/gu)) {
    if (part === '%' || part === '_') yield { wildcard: part }
    else yield { plain: part.length > 1 && part.startsWith('\\') ? part.slice(1) : part }
  }
}

/** The pattern in another language: its wildcards as given, every plain character as `quote` says. */
export const translatePattern = (
  pattern: string,
  wildcards: { '%': string; _: string },
  quote: (character: string) => string,
): string =>
  Array.from(patternParts(pattern), (part) => ('wildcard' in part ? wildcards[part.wildcard] : quote(part.plain))).join('')

/** The pattern as LIKE takes it with a backslash as its escape character. */
export const toLike = (pattern: string): string =>
  translatePattern(pattern, { '%': '%', _: '_' }, (character) => ('%_\\'.includes(character) ? `\\${character}` : character))
