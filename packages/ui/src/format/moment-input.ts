/** As a field for a moment wants it, in a time zone (empty: that of the browser), to the minute: `2026-03-29T14:05`. */
export function inputOfMoment(atMs: number, zone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    ...(zone === '' ? {} : { timeZone: zone }),
    dateStyle: 'short',
    timeStyle: 'short',
  })
  return format.format(atMs).replace(' ', 'T')
}

/** The moment that such a text means in the zone; not a number when it means none. */
export function momentOfInput(text: string, zone: string): number {
  const asUtc = Date.parse(`${text}Z`)
  if (Number.isNaN(asUtc)) return Number.NaN
  const offsetAt = (atMs: number): number => Date.parse(`${inputOfMoment(atMs, zone)}Z`) - atMs
  // The offset is that of the moment itself, which the first guess misses only around a change of clocks.
  return asUtc - offsetAt(asUtc - offsetAt(asUtc))
}
