import { chosenDigits, digitMarks } from './preferences.ts'

/** Numbers as people read them. A minus is a real minus, digits are grouped, and nothing is hidden: NaN and infinity are words. */
const minus = (text: string): string => text.replace('-', '−')

export const formatSpecial = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '+∞' : '−∞')

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const digitMark = digitMarks[chosenDigits()]
const group = (value: number): string => grouped.format(value).replaceAll(',', digitMark)
export const formatCount = group

/** With decimals for values to stand below one another; a column of whole numbers (0) still shows a fraction that turns up in it. */
export function formatNumber(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return formatSpecial(value)
  const size = Math.abs(value)
  if (size >= 1e6) return minus(compact(value))
  if (size !== 0 && size < 1e-3 && (decimals === undefined || size < 0.5 * 10 ** -decimals)) return minus(exponential(value))
  if (Number.isInteger(value) && !decimals) return minus(group(value))
  if (decimals) return minus(value.toFixed(decimals))
  return minus(size >= 1000 ? group(value) : String(Number(value.toPrecision(4))))
}

function compact(value: number): string {
  const [divisor, unit] = Math.abs(value) >= 1e12 ? [0, ''] : Math.abs(value) >= 1e9 ? [1e9, ' G'] : [1e6, ' M']
  if (divisor === 0) return exponential(value)
  return `${Number((value / divisor).toPrecision(3))}${unit}`
}

const exponential = (value: number): string => value.toExponential(1).replace('e+', 'e').replace('.0e', 'e')

/** The least number of decimals, 4 to 6, that keeps the first ten values apart; 0 when all are whole. */
export function decimalsFor(values: readonly number[]): number {
  const finite = [...new Set(values.filter((value) => Number.isFinite(value)))]
  if (finite.every((value) => Number.isInteger(value))) return 0
  for (let decimals = 4; decimals < 6; decimals++) {
    const texts = new Set(finite.slice(0, 10).map((value) => value.toFixed(decimals)))
    if (texts.size === Math.min(10, finite.length)) return decimals
  }
  return 6
}

export const formatDifference = (value: number, decimals: number): string =>
  value === 0 ? '±0' : `${value > 0 ? '+' : ''}${formatNumber(value, decimals)}`

/** Any value of a parameter or result, in one line. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'number') return formatNumber(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB']
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(byteUnits.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${byteUnits[power]}`
}
