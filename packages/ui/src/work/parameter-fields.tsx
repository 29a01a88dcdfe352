import { inferValue, type JsonValue } from '@trainyard/contract'

/** A parameter that a form asks for. */
export interface AskedParameter {
  name: string
  value: JsonValue | undefined
  type?: string | undefined
  doc?: string | undefined
  /** What holds when nothing is typed. */
  placeholder?: string | undefined
}

export const textOfValue = (value: JsonValue | undefined): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/** As the command line reads `-p name=value`; what was not touched keeps its value and type. */
export const valueOfText = (text: string, before: JsonValue | undefined): JsonValue =>
  before !== undefined && textOfValue(before) === text ? before : inferValue(text)

/** Which is chosen and not typed: by its type in Python or TypeScript, or by the value it has. */
export const isTruth = ({ type, value }: Pick<AskedParameter, 'type' | 'value'>): boolean =>
  type === 'bool' || type === 'boolean' || typeof value === 'boolean'

/** One field for each parameter, with its type and what its author says of it. */
export function ParameterFields({
  parameters,
  texts,
  onChange,
}: {
  parameters: readonly AskedParameter[]
  texts: Readonly<Record<string, string>>
  onChange(name: string, text: string): void
}) {
  return (
    <div className="parameter-fields">
      {parameters.map(({ name, value, type, doc, placeholder }) => (
        <label key={name}>
          <span>
            <code>{name}</code> {type !== undefined && <span className="muted">{type}</span>}
          </span>
          {isTruth({ type, value }) ? (
            <select
              className="field"
              value={texts[name] ?? textOfValue(value)}
              onChange={(event) => onChange(name, event.target.value)}
            >
              {placeholder !== undefined && <option value="">{placeholder}</option>}
              <option>true</option>
              <option>false</option>
            </select>
          ) : (
            <input
              className="field"
              spellCheck={false}
              autoComplete="off"
              placeholder={placeholder}
              value={texts[name] ?? textOfValue(value)}
              onChange={(event) => onChange(name, event.target.value)}
            />
          )}
          {doc !== undefined && doc !== '' && <span className="muted small-print">{doc}</span>}
        </label>
      ))}
    </div>
  )
}
