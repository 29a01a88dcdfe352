/** A text as the filter language writes it. */
export const literalOf = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
