import type { JsonObject, JsonValue, Task } from '@trainyard/contract'
import { writePythonJson } from '@trainyard/contract/python-json'
import { invalid } from './errors.ts'
import { objectAt, textOf, textsOf } from './json.ts'

/** What starts the client that carries a run out, where there is one. */
const client = `if command -v mlrun > /dev/null 2>&1; then exec mlrun "$@"
elif python3 -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("mlrun") is None)' 2> /dev/null; then exec python3 -m mlrun "$@"
fi
echo 'This server carries out functions with the mlrun package of its own machine, and there is none: install it (pip install mlrun) into the Python that stands first in the PATH of "trainyard up".' >&2
exit 127`

/** A variable longer than this stops a process from being started. */
const largestVariableBytes = 128 * 1024 - 1

export interface JobCommand {
  program: string[]
  environment: Record<string, string>
  /** Variables that hold secrets of the project. */
  environmentSecrets?: Record<string, { secret: string; key?: string }>
  code?: { name: string; text: string }
  workingDirectory?: string
}

/** Kinds whose work is one process. */
const processKinds = new Set(['', 'job', 'local', 'handler'])

export function checkKind(kind: string): void {
  if (processKinds.has(kind)) return
  throw invalid(
    `Functions of the kind '${kind.slice(0, 40)}' need an engine that this server does not have; it carries out job and local.`,
  )
}

/** How the process of a run is started: as the client starts itself within a container of that server. */
export function commandOf(run: JsonObject, document: JsonObject): JobCommand {
  const spec = objectAt(document, 'spec')
  const build = objectAt(spec, 'build')
  const code = codeOf(build)
  const source = textOf(build['source'])
  const environment: Record<string, string> = { ...variablesOf(spec['env']), MLRUN_EXEC_CONFIG: configOf(run) }
  const pythonPath = textOf(spec['pythonpath'])
  if (pythonPath !== undefined) environment['PYTHONPATH'] = pythonPath
  const runSpec = objectAt(run, 'spec')
  if (runSpec['verbose'] === true) environment['MLRUN_LOG_LEVEL'] = 'DEBUG'
  const command = textOf(spec['command']) ?? ''
  const words = textsOf(spec['args'])
  const directory = textOf(spec['workdir'])
  const secrets = secretVariablesOf(spec['env'])
  const place = {
    environment,
    ...(Object.keys(secrets).length === 0 ? {} : { environmentSecrets: secrets }),
    ...(code === undefined ? {} : { code }),
    ...(directory?.startsWith('/') === true ? { workingDirectory: directory } : {}),
  }
  if (textOf(spec['mode']) === 'pass') return { program: passed(command, words, code, objectAt(runSpec, 'parameters')), ...place }
  if (code === undefined && source === undefined && command === '' && textOf(runSpec['handler']) === undefined)
    throw invalid('The function has no code: give it a file, a source, a command or a handler.')
  const handler = textOf(runSpec['handler']) ?? textOf(spec['default_handler'])
  const loadsSource = source !== undefined && code === undefined
  return {
    program: [
      'sh',
      '-c',
      client,
      'sh',
      'run',
      '--name',
      textOf(objectAt(run, 'metadata')['name']) ?? 'run',
      '--from-env',
      ...(handler === undefined ? [] : ['--handler', handler]),
      ...(loadsSource ? ['--source', source, ...(directory === undefined ? [] : ['--workdir', directory])] : []),
      ...(code === undefined ? (command === '' ? [] : [command]) : [code.name]),
      ...words,
    ],
    ...place,
  }
}

/** The process itself is the run: it knows nothing of the client, and its exit code is the run's end. */
function passed(command: string, words: readonly string[], code: JobCommand['code'], parameters: JsonObject): string[] {
  const filled = [...command.split(/\s+/).filter((word) => word !== ''), ...words].map((word) =>
    word.replaceAll(/\{(\w+)\}/g, (found, name: string) => {
      if (name === 'codefile' && code) return code.name
      const value: JsonValue | undefined = parameters[name]
      return value === undefined ? found : typeof value === 'string' ? value : writePythonJson(value)
    }),
  )
  if (filled.length === 0) throw invalid("A function in the mode 'pass' needs a command.")
  return filled
}

function codeOf(build: JsonObject): JobCommand['code'] {
  const encoded = textOf(build['functionSourceCode'])
  if (encoded === undefined) return undefined
  const origin = textOf(build['origin_filename'])?.split(/[\\/]/).at(-1) ?? 'main.py'
  const stem = origin.replace(/\.\w+$/, '').replaceAll(/[^\w-]/g, '_') || 'main'
  return { name: `${stem}${/\.(?:sh|R|jl)$/.exec(origin)?.[0] ?? '.py'}`, text: Buffer.from(encoded, 'base64').toString() }
}

/** References to secrets are to those of the project; other objects of a cluster are none here. */
function secretVariablesOf(env: JsonValue | undefined): Record<string, { secret: string; key?: string }> {
  const found: Record<string, { secret: string; key?: string }> = {}
  for (const each of Array.isArray(env) ? env : []) {
    const variable = textOf(objectAt(each)['name'])
    const reference = objectAt(each, 'valueFrom', 'secretKeyRef')
    const [secret, key] = [textOf(reference['name']), textOf(reference['key'])]
    if (variable === undefined || !/^[A-Za-z_]\w*$/.test(variable) || secret === undefined) continue
    found[variable] = { secret, ...(key === undefined ? {} : { key }) }
  }
  return found
}

/** Only plain values. */
function variablesOf(env: JsonValue | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const each of Array.isArray(env) ? env : []) {
    const { name, value } = objectAt(each)
    if (typeof name === 'string' && /^[A-Za-z_]\w*$/.test(name) && value !== undefined && value !== null)
      found[name] = typeof value === 'string' ? value : writePythonJson(value)
  }
  return found
}

function configOf(run: JsonObject): string {
  const config = writePythonJson(run)
  if (Buffer.byteLength(config) <= largestVariableBytes) return config
  throw invalid(
    `The task takes ${Buffer.byteLength(config)} bytes, and a process can be given ${largestVariableBytes}: put large parameters into a file and name it as an input.`,
  )
}

/** What the queue needs to know of the run. */
export function limitsOf(run: JsonObject, document: JsonObject): Partial<Task> {
  const thresholds = { ...objectAt(document, 'spec', 'state_thresholds'), ...objectAt(run, 'spec', 'state_thresholds') }
  const [timeoutMs, pendingTimeoutMs] = [durationOf(thresholds['executing']), durationOf(thresholds['pending_not_scheduled'])]
  const requests = objectAt(document, 'spec', 'resources', 'requests')
  const gpus = Number(objectAt(document, 'spec', 'resources', 'limits')['nvidia.com/gpu'] ?? 0)
  const [cpu, memory] = [quantityOf(requests['cpu']), quantityOf(requests['memory'])]
  const retry = objectAt(run, 'spec', 'retry')
  const { count } = retry
  const pause = durationOf(objectAt(retry, 'backoff')['base_delay'])
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(pendingTimeoutMs === undefined ? {} : { pendingTimeoutMs }),
    ...(cpu === undefined && memory === undefined && !(gpus > 0)
      ? {}
      : {
          resources: {
            ...(cpu === undefined ? {} : { cpu }),
            ...(memory === undefined ? {} : { memory }),
            ...(Number.isSafeInteger(gpus) && gpus > 0 ? { gpus } : {}),
          },
        }),
    ...(typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? { retries: count } : {}),
    ...(pause === undefined ? {} : { retryPauseMs: pause }),
  }
}

const quantityOf = (value: JsonValue | undefined): string | number | undefined =>
  typeof value === 'number' || (typeof value === 'string' && value !== '') ? value : undefined

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, '': 1_000 }

/** `1h`, `30m`, `1h30m`, seconds; `-1` and what is no duration mean never. */
export function durationOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value > 0 ? value * 1_000 : undefined
  if (typeof value !== 'string') return undefined
  let total = 0
  // Part by part: one pattern for the whole could be read in so many ways that a text of 40 digits took minutes.
  const part = /\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*/y
  while (part.lastIndex < value.length) {
    const [, count, unit = ''] = part.exec(value) ?? []
    if (count === undefined) return undefined
    total += Number(count) * unitsMs[unit]!
  }
  return total > 0 ? total : undefined
}
