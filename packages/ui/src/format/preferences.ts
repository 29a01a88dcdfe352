/** How times and numbers are written in this browser. Formats are made once: the page is loaded anew after a change. */
const places = { zone: 'trainyard.zone', digits: 'trainyard.digits' } as const

export type Digits = 'comma' | 'space' | 'none'
export const digitMarks: Record<Digits, string> = { comma: ',', space: '\u202F', none: '' }

export function chosenDigits(): Digits {
  const kept = localStorage.getItem(places.digits)
  return kept === 'space' || kept === 'none' ? kept : 'comma'
}

/** Empty: that of the browser. */
export function chosenZone(): string {
  const kept = localStorage.getItem(places.zone) ?? ''
  try {
    if (kept !== '') Intl.DateTimeFormat('en-GB', { timeZone: kept })
    return kept
  } catch {
    // A zone that this browser does not know.
    return ''
  }
}

export function keepPreference(name: keyof typeof places, value: string): void {
  if (value === '') localStorage.removeItem(places[name])
  else localStorage.setItem(places[name], value)
  location.reload()
}
