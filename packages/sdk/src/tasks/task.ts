import { fileURLToPath } from 'node:url'
import type { Distribution, JsonObject, SecretSource, SweepSpec, Task } from '@trainyard/contract'
import { toJsonValue } from '../journal/json-value.ts'
import type { ReturnHint } from '../handler.ts'

/** Key to a list of values, or to a distribution. */
export type HyperParameterSpace = Readonly<Record<string, readonly unknown[] | Distribution>>

export type SweepOptions = Omit<SweepSpec, 'hyperParameters' | 'parameterFile' | 'selector'>

export type TaskFields = Omit<Task, 'returns' | 'parameters'> & {
  parameters?: Readonly<Record<string, unknown>>
  returns?: readonly ReturnHint[]
}

/**
 * A template of runs. Every `with…` and `set…` changes the task and gives it back, so that calls can be chained; `toJSON` is the
 * task as files and the command line know it.
 */
export class TaskBuilder {
  readonly #task: Task

  constructor(fields: TaskFields = {}) {
    this.#task = toJsonValue(splitHandler(fields)) as Task
  }

  /** The script, and a function in it: `'training.ts:train'` or two arguments. */
  withHandler(command: string, handler?: string): this {
    Object.assign(this.#task, splitHandler(handler === undefined ? { handler: command } : { command, handler }))
    return this
  }

  withParameters(parameters: Readonly<Record<string, unknown>>): this {
    this.#task.parameters = { ...this.#task.parameters, ...(toJsonValue(parameters) as JsonObject) }
    return this
  }

  withInput(key: string, url: string): this {
    this.#task.inputs = { ...this.#task.inputs, [key]: url }
    return this
  }

  /** `file` with a path, `env` with names separated by commas, or `inline` with an object of names and values. */
  withSecrets(kind: 'file' | 'env', source: string): this
  withSecrets(kind: 'inline', source: Readonly<Record<string, string>>): this
  withSecrets(kind: SecretSource['kind'], source: string | Readonly<Record<string, string>>): this {
    const secret: SecretSource = { kind, source: typeof source === 'string' ? source : { ...source } }
    this.#task.secrets = [...(this.#task.secrets ?? []), secret]
    return this
  }

  /** `selector` says which iteration is best: `max.accuracy`, `min.loss`. Without a strategy: grid, or random with distributions. */
  withHyperParameters(space: HyperParameterSpace, selector?: string, options: SweepOptions = {}): this {
    const hyperParameters = { ...this.#task.sweep?.hyperParameters, ...(toJsonValue(space) as SweepSpec['hyperParameters']) }
    return this.#sweep({ hyperParameters }, selector, options)
  }

  /** A CSV, JSON, JSON lines or YAML file with the parameters of the iterations. */
  withParameterFile(path: string, selector?: string, options: SweepOptions = {}): this {
    return this.#sweep({ parameterFile: path }, selector, options)
  }

  setLabel(key: string, value: string): this {
    this.#task.labels = { ...this.#task.labels, [key]: value }
    return this
  }

  setLabels(labels: Readonly<Record<string, string>>): this {
    this.#task.labels = { ...this.#task.labels, ...labels }
    return this
  }

  /** A copy that can be changed apart. */
  clone(): TaskBuilder {
    return new TaskBuilder(this.toJSON())
  }

  toJSON(): Task {
    return structuredClone(this.#task)
  }

  #sweep(what: SweepSpec, selector: string | undefined, options: SweepOptions): this {
    this.#task.sweep = { ...this.#task.sweep, ...what, ...(selector === undefined ? {} : { selector }), ...options }
    return this
  }
}

export const newTask = (fields?: TaskFields): TaskBuilder => new TaskBuilder(fields)

/** `{ command, handler }` of a function in the calling file: `runLocal({ ...handlerOf(import.meta, 'train'), parameters: { eta: 0.1 } })`. */
export const handlerOf = (meta: { url: string }, handler: string): { command: string; handler: string } => ({
  command: fileURLToPath(meta.url),
  handler,
})

/** `handler: 'training.ts:train'` names the file too. */
export function splitHandler<Fields extends { command?: string; handler?: string }>(fields: Fields): Fields {
  const match = fields.command === undefined ? /^(.+\.(?:[cm]?[jt]s|py)):([^:/\\]+)$/.exec(fields.handler ?? '') : null
  return match ? { ...fields, command: match[1], handler: match[2] } : fields
}
