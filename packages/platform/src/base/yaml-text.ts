import { AppError, type JsonValue } from '@trainyard/contract'

const mostAliases = 100
const mostValues = 500_000
const deepest = 100

/**
 * What a YAML text says, as plain JSON. Read as YAML 1.1 (where `yes` is true), as MLRun's client writes it; JSON is YAML too. Every refusal
 * names the source and the line: no YAML, tabs, what grows out of anchors.
 */
export async function parseYamlText(text: string, source: string): Promise<JsonValue> {
  const { YAML11_SCHEMA, YAMLException, load } = await import('js-yaml')
  let content: unknown
  try {
    // MLRun's client writes and reads YAML 1.1, where `yes` is true.
    content = load(text.replace(/^\uFEFF/, ''), { schema: YAML11_SCHEMA, maxAliases: mostAliases, maxDepth: deepest })
  } catch (error) {
    if (!(error instanceof YAMLException)) throw new AppError('invalid_argument', `${source} is not YAML.`, { cause: error })
    const line = error.mark === undefined ? '' : `, line ${error.mark.line + 1}`
    const written = error.mark === undefined ? undefined : text.split(/\r?\n/)[error.mark.line]
    const reason =
      written !== undefined && /^\s*\t/.test(written) ? 'a tab begins the line; YAML wants spaces there' : error.reason
    throw new AppError('invalid_argument', `${source}${line} is not YAML: ${reason}.`, { cause: error })
  }
  return toJson(content, source)
}

/** Plain JSON of what YAML gave: times as text. Refuses what grows out of anchors, and anchors that hold themselves. */
function toJson(content: unknown, source: string): JsonValue {
  let count = 0
  const convert = (value: unknown, depth: number): JsonValue => {
    if (++count > mostValues || depth > deepest)
      throw new AppError('invalid_argument', `${source} grows beyond measure by its anchors (&name, *name); write it out.`)
    if (value instanceof Date) return value.toISOString()
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
    if (Array.isArray(value)) return value.map((each) => convert(each, depth + 1))
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, convert(each, depth + 1)]))
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
    return value === undefined ? null : (value as JsonValue)
  }
  return convert(content, 0)
}
