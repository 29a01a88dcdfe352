// Writes docs/api.md: every operation of the native interface, from the contract's own table. `--check` writes nothing and ends with 1
// when the page is not what would be written. Run it with: node --conditions trainyard-source scripts/generate-api-reference.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nativeOperations, nativePrefix } from '@trainyard/contract/native-api'
import { root, say } from './steps.mjs'

const target = join(root, 'docs', 'api.md')

/** A schema as a reader would say it. */
function typeText(schema) {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(' ')
  if (schema.anyOf) return schema.anyOf.map(typeText).join(' or ')
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.type === 'array') return `list of ${typeText(schema.items)}`
  if (schema.type === 'string') return 'text'
  if (schema.type === 'object') {
    const values = Object.values(schema.patternProperties ?? {})[0]
    if (values) return `object of ${typeText(values)}`
    return schema.properties ? `{ ${Object.keys(schema.properties).join(', ')} }` : 'object'
  }
  if (Array.isArray(schema.type)) return schema.type.join(' or ')
  return schema.type ?? 'any JSON value'
}

function bounds({ minimum, maximum, maxItems, minItems, maxLength }) {
  const parts = []
  if (minimum !== undefined && maximum !== undefined) parts.push(`${minimum} to ${maximum}`)
  else if (minimum !== undefined) parts.push(`from ${minimum}`)
  if (maxItems !== undefined) parts.push(`${minItems ?? 0} to ${maxItems} of them`)
  if (maxLength !== undefined) parts.push(`at most ${maxLength} characters`)
  return parts.join(', ')
}

function fieldRows(schema, place) {
  const required = new Set(schema?.required ?? [])
  return Object.entries(schema?.properties ?? {}).map(([name, field]) => {
    const said = [typeText(field), bounds(field), field.description].filter(Boolean).join('; ').replaceAll('|', '\\|')
    return `| \`${name}\` | ${place}${required.has(name) ? ', needed' : ''} | ${said} |`
  })
}

function operationText(id, spec) {
  const rows = [...fieldRows(spec.query, 'query'), ...fieldRows(spec.body, 'body')]
  const table = rows.length === 0 ? [] : ['| field | in | what |\n|---|---|---|\n' + rows.join('\n')]
  const answered = spec.answerBytes
    ? { bytes: 'The bytes.', text: 'Plain text.', events: 'Server-sent events.' }[spec.answerBytes]
    : `Answers ${typeText(spec.answer)}.`
  const sent = spec.bodyBytes ? ['The body is bytes (`application/octet-stream`).'] : []
  return [`### ${spec.method} ${spec.path}`, `${spec.summary}. (\`${id}\`)`, ...sent, ...table, answered].join('\n\n')
}

const areas = Map.groupBy(Object.entries(nativeOperations), ([, { area }]) => area)
const wanted = `${[
  '# Native interface',
  'Made by `node --conditions trainyard-source scripts/generate-api-reference.mjs` from the table of operations; a test fails when it is out of date.',
  `Addresses begin with \`${nativePrefix}\`; the OpenAPI 3.1 document is \`${nativePrefix}/openapi.json\`. [The server](server.md#native-interface) says what holds for all of them; \`connect\` of [the TypeScript client](typescript.md#a-client) calls them.`,
  ...Array.from(areas, ([name, operations]) =>
    [`## ${name}`, ...operations.map(([id, spec]) => operationText(id, spec))].join('\n\n'),
  ),
].join('\n\n')}\n`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') === wanted) say('docs/api.md is up to date')
  else {
    console.error('docs/api.md is out of date: run node --conditions trainyard-source scripts/generate-api-reference.mjs')
    process.exitCode = 1
  }
} else {
  writeFileSync(target, wanted)
  say(`wrote ${target}`)
}
