/** The pattern of names that have this text in them, of which `%`, `_` and `\` are letters like all others. */
export const patternOf = (text: string): string => `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
