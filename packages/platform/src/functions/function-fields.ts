import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { EntryPoint, FunctionSpec, ResourceAmounts } from '@trainyard/contract/function'

/** How one field of a function stands in the document. Reading undefined means that it is not there. */
export interface FunctionField<Key extends keyof FunctionSpec = keyof FunctionSpec> {
  key: Key
  path: string
  read(value: JsonValue): FunctionSpec[Key] | undefined
  write(value: NonNullable<FunctionSpec[Key]>): JsonValue | undefined
}

const readText = (value: JsonValue): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
const readNumber = (value: JsonValue): number | undefined =>
  typeof value === 'number' && Number.isFinite(value)
    ? value
    : typeof value === 'string' && /^\d+$/.test(value)
      ? Number(value)
      : undefined
const readTexts = (value: JsonValue): string[] | undefined =>
  Array.isArray(value) && value.length > 0
    ? value.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)))
    : undefined
const readTable = (value: JsonValue): Record<string, string> | undefined =>
  isJsonObject(value) && Object.keys(value).length > 0
    ? Object.fromEntries(
        Object.entries(value).map(([key, each]) => [key, typeof each === 'string' ? each : JSON.stringify(each)]),
      )
    : undefined
const asIs = (value: unknown): JsonValue => value as JsonValue

type TextKey = {
  [Key in keyof FunctionSpec]-?: string extends FunctionSpec[Key] ? Key : never
}[keyof FunctionSpec]
type TextsKey = {
  [Key in keyof FunctionSpec]-?: string[] extends FunctionSpec[Key] ? Key : never
}[keyof FunctionSpec]

const text = (key: Exclude<TextKey, 'name'>, path: string): FunctionField => ({ key, path, read: readText, write: asIs })
const list = (key: TextsKey, path: string): FunctionField => ({ key, path, read: readTexts, write: asIs })
const textTable = (key: 'labels' | 'buildEnvironment' | 'nodeSelector' | 'timeouts', path: string): FunctionField => ({
  key,
  path,
  read: readTable,
  write: asIs,
})
const count = (key: 'replicas' | 'minReplicas' | 'maxReplicas', path: string): FunctionField => ({
  key,
  path,
  read: readNumber,
  write: asIs,
})

const gpuNames = ['nvidia.com/gpu', 'amd.com/gpu', 'gpu'] as const

function readAmounts(value: JsonValue | undefined): ResourceAmounts | undefined {
  if (!isJsonObject(value)) return undefined
  const amounts: ResourceAmounts = {}
  for (const [name, amount] of Object.entries(value)) {
    if (typeof amount !== 'string' && typeof amount !== 'number') continue
    const key = name === 'nvidia.com/gpu' ? 'gpu' : name === 'mem' ? 'memory' : name
    amounts[key] = amount
  }
  return Object.keys(amounts).length > 0 ? amounts : undefined
}

const writeAmounts = (amounts: ResourceAmounts): JsonObject =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name === 'gpu' ? gpuNames[0] : name, amount as JsonValue]))

const resources: FunctionField<'resources'> = {
  key: 'resources',
  path: 'spec.resources',
  read: (value) => {
    if (!isJsonObject(value)) return undefined
    const [requests, limits] = [readAmounts(value['requests']), readAmounts(value['limits'])]
    if (requests === undefined && limits === undefined) return undefined
    return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) }
  },
  write: ({ requests, limits }) => ({
    ...(requests === undefined ? {} : { requests: writeAmounts(requests) }),
    ...(limits === undefined ? {} : { limits: writeAmounts(limits) }),
  }),
}

type Variable = NonNullable<FunctionSpec['environment']>[string]

const environment: FunctionField<'environment'> = {
  key: 'environment',
  path: 'spec.env',
  read: (value) => {
    if (!Array.isArray(value)) return undefined
    const entries: [string, Variable][] = []
    for (const each of value) {
      if (!isJsonObject(each) || typeof each['name'] !== 'string') continue
      const reference = isJsonObject(each['valueFrom']) ? each['valueFrom']['secretKeyRef'] : undefined
      if (isJsonObject(reference) && typeof reference['name'] === 'string') {
        const key = typeof reference['key'] === 'string' ? { key: reference['key'] } : {}
        entries.push([each['name'], { secret: reference['name'], ...key }])
      } else if (each['value'] !== undefined && each['value'] !== null) {
        entries.push([each['name'], typeof each['value'] === 'string' ? each['value'] : JSON.stringify(each['value'])])
      }
    }
    return entries.length > 0 ? Object.fromEntries(entries) : undefined
  },
  write: (variables) =>
    Object.entries(variables).map(([name, value]) =>
      typeof value === 'string'
        ? { name, value }
        : { name, valueFrom: { secretKeyRef: { name: value.secret, ...(value.key === undefined ? {} : { key: value.key }) } } },
    ),
}

const code: FunctionField<'code'> = {
  key: 'code',
  path: 'spec.build.functionSourceCode',
  read: (value) => (typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64').toString('utf8') : undefined),
  write: (value) => Buffer.from(value, 'utf8').toString('base64'),
}

const retries: FunctionField<'retries'> = {
  key: 'retries',
  path: 'spec.retry',
  read: (value) => {
    const times = isJsonObject(value) ? readNumber(value['count'] ?? null) : undefined
    if (times === undefined || !isJsonObject(value)) return undefined
    const delay = isJsonObject(value['backoff']) ? value['backoff']['base_delay'] : undefined
    const backoffMs = delay === undefined ? undefined : durationMs(delay)
    return { count: times, ...(backoffMs === undefined ? {} : { backoffMs }) }
  },
  write: ({ count: times, backoffMs }) => ({
    count: times,
    ...(backoffMs === undefined ? {} : { backoff: { base_delay: `${backoffMs / 1000}s` } }),
  }),
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `1h30m`, or a number of seconds, in milliseconds; undefined for anything else, such as `-1` for no limit. */
export function durationMs(value: JsonValue): number | undefined {
  if (typeof value === 'number') return value >= 0 ? value * 1_000 : undefined
  if (typeof value !== 'string' || !/^\s*(?:\d+(?:\.\d+)?\s*(?:ms|[smhd])\s*)+$/i.test(value)) return undefined
  let total = 0
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)\s*(ms|[smhd])/gi))
    total += Number(amount) * (unitMs[unit!.toLowerCase()] ?? 0)
  // A thousandth of a millisecond is the error of the sum, not a wish.
  return Math.round(total * 1_000) / 1_000
}

const defaultParameters: FunctionField<'parameters'> = {
  key: 'parameters',
  // `spec.parameters` belongs to serving graphs.
  path: 'spec.default_parameters',
  read: (value) => (isJsonObject(value) && Object.keys(value).length > 0 ? value : undefined),
  write: asIs,
}

const entryPoints: FunctionField<'entryPoints'> = {
  key: 'entryPoints',
  path: 'spec.entry_points',
  read: (value) => {
    if (!isJsonObject(value)) return undefined
    const entries = Object.entries(value).flatMap(([name, each]) => (isJsonObject(each) ? [[name, readEntry(name, each)]] : []))
    return entries.length > 0 ? (Object.fromEntries(entries) as Record<string, EntryPoint>) : undefined
  },
  write: (points) =>
    Object.fromEntries(
      Object.entries(points).map(([name, { hasVarargs, hasKwargs, line, doc, ...point }]) => [
        name,
        {
          name: point.name,
          doc: doc ?? '',
          parameters: point.parameters,
          outputs: point.outputs ?? [],
          ...(line === undefined ? {} : { lineno: line }),
          has_varargs: hasVarargs ?? false,
          has_kwargs: hasKwargs ?? false,
        },
      ]),
    ),
}

function readEntry(name: string, entry: JsonObject): EntryPoint {
  const parameters = Array.isArray(entry['parameters']) ? entry['parameters'].filter(isJsonObject) : []
  const outputs = Array.isArray(entry['outputs']) ? entry['outputs'].filter(isJsonObject) : []
  const doc = readText(entry['doc'] ?? '')
  const line = readNumber(entry['lineno'] ?? null)
  return {
    name: readText(entry['name'] ?? '') ?? name,
    ...(doc === undefined ? {} : { doc }),
    ...(line === undefined ? {} : { line }),
    parameters: parameters.map((parameter) => ({
      name: readText(parameter['name'] ?? '') ?? '',
      ...textsOf(parameter, ['type', 'doc']),
      ...(parameter['default'] === undefined ? {} : { default: parameter['default'] }),
    })),
    ...(outputs.length === 0 ? {} : { outputs: outputs.map((output) => textsOf(output, ['type', 'doc'])) }),
    ...(entry['has_varargs'] === true ? { hasVarargs: true } : {}),
    ...(entry['has_kwargs'] === true ? { hasKwargs: true } : {}),
  }
}

const textsOf = <Key extends string>(table: JsonObject, keys: readonly Key[]): { [Name in Key]?: string } =>
  Object.fromEntries(
    keys.flatMap((key) => {
      const value = readText(table[key] ?? '')
      return value === undefined ? [] : [[key, value]]
    }),
  ) as { [Name in Key]?: string }

/** Every field but name and volumes, which stand in two places. */
export const functionFields: readonly FunctionField[] = [
  text('kind', 'kind'),
  text('description', 'spec.description'),
  text('documentation', 'spec.documentation'),
  list('categories', 'metadata.categories'),
  textTable('labels', 'metadata.labels'),
  code,
  text('codeFile', 'spec.build.origin_filename'),
  text('source', 'spec.build.source'),
  {
    key: 'loadSourceOnRun',
    path: 'spec.build.load_source_on_run',
    read: (value) => (typeof value === 'boolean' ? value : undefined),
    write: asIs,
  },
  text('handler', 'spec.default_handler'),
  text('command', 'spec.command'),
  list('arguments', 'spec.args'),
  text('workingDirectory', 'spec.workdir'),
  text('pythonPath', 'spec.pythonpath'),
  text('image', 'spec.image'),
  text('baseImage', 'spec.build.base_image'),
  list('commands', 'spec.build.commands'),
  list('requirements', 'spec.build.requirements'),
  textTable('buildEnvironment', 'spec.build.builder_env'),
  environment,
  resources,
  count('replicas', 'spec.replicas'),
  count('minReplicas', 'spec.min_replicas'),
  count('maxReplicas', 'spec.max_replicas'),
  text('nodeName', 'spec.node_name'),
  textTable('nodeSelector', 'spec.node_selector'),
  { key: 'affinity', path: 'spec.affinity', read: (value) => (isJsonObject(value) ? value : undefined), write: asIs },
  {
    key: 'tolerations',
    path: 'spec.tolerations',
    read: (value) => (Array.isArray(value) && value.length > 0 ? value : undefined),
    write: asIs,
  },
  text('priority', 'spec.priority_class_name'),
  {
    key: 'preemption',
    path: 'spec.preemption_mode',
    read: (value) => (value === 'allow' || value === 'constrain' || value === 'prevent' || value === 'none' ? value : undefined),
    write: asIs,
  },
  retries,
  textTable('timeouts', 'spec.state_thresholds'),
  defaultParameters,
  entryPoints,
]
