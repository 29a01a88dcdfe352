import type { TextCondition } from '../../tracking/index.ts'
import { invalid } from './errors.ts'
import { readTime } from './times.ts'

/** The query of a request. An empty value counts as none, and names may be written with dashes or underscores. */
export class Query {
  readonly #values = new Map<string, string[]>()

  constructor(written: unknown) {
    for (const [name, value] of Object.entries((written ?? {}) as Record<string, string | string[]>)) {
      const values = (Array.isArray(value) ? value : [value]).filter((each) => each !== '')
      if (values.length > 0) this.#values.set(plain(name), [...(this.#values.get(plain(name)) ?? []), ...values])
    }
  }

  text(...names: string[]): string | undefined {
    return this.list(...names)[0]
  }

  list(...names: string[]): string[] {
    return names.flatMap((name) => this.#values.get(plain(name)) ?? [])
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase()
    if (value === undefined) return undefined
    if (['yes', 'true', '1', 'on', 'y', 't'].includes(value)) return true
    if (['no', 'false', '0', 'off', 'n', 'f'].includes(value)) return false
    throw invalid(`The parameter '${name}' is true or false, not '${value.slice(0, 40)}'.`)
  }

  integer(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (/^-?\d{1,15}$/.test(value)) return Number(value)
    throw invalid(`The parameter '${name}' is a whole number, not '${value.slice(0, 40)}'.`)
  }

  timeMs(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    // A plus sign that nobody has escaped arrives as a space.
    const atMs = readTime(value) ?? readTime(value.replace(/ (?=\d\d:?\d\d$)/, '+'))
    if (atMs === undefined)
      throw invalid(`The parameter '${name}' is a time such as 2026-01-31T12:00:00+00:00, not '${value.slice(0, 60)}'.`)
    return atMs
  }

  /** `name=`: exact, or with a leading `~` to be found somewhere. */
  condition(name: string): TextCondition | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : toCondition(value)
  }

  /** `label=` repeated: `key`, `key=value`, with `~` before either to be found somewhere. */
  labels(): { key: TextCondition; value?: TextCondition }[] {
    return this.list('label', 'labels').map((written) => {
      const at = written.indexOf('=')
      const key = toCondition(at < 0 ? written : written.slice(0, at))
      return at < 0 ? { key } : { key, value: toCondition(written.slice(at + 1)) }
    })
  }
}

const plain = (name: string): string => name.replaceAll('-', '_').replace(/\[\]$/, '')

export const toCondition = (text: string): TextCondition =>
  text.startsWith('~') ? { text: text.slice(1), contains: true } : { text, contains: false }

export const meets = (text: string, condition: TextCondition | undefined): boolean =>
  condition === undefined ||
  (condition.contains ? text.toLowerCase().includes(condition.text.toLowerCase()) : text === condition.text)

/** Whether labels fulfil all conditions. */
export const hasLabels = (
  labels: Readonly<Record<string, string>>,
  conditions: readonly { key: TextCondition; value?: TextCondition }[],
): boolean =>
  conditions.every(({ key, value }) => Object.entries(labels).some(([name, text]) => meets(name, key) && meets(text, value)))
