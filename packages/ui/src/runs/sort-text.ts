/** The order of rows as an address may hold it: `-metrics.accuracy` is how others write `metrics.accuracy desc`. */
export const readSort = (text: string): string => text.replaceAll(/(^|,)\s*-\s*([^,]+)/g, '$1$2 desc')
