import { AppError } from '@trainyard/contract/errors'
import type { EntryPoint, FunctionSpec } from '@trainyard/contract/function'
import type { RunRecord } from '@trainyard/contract'
import { callCommand, commandError, type CommandPlace, type CommandResult } from '../tasks/command-line.ts'
import { Run } from '../tasks/run.ts'
import { TaskBuilder, type TaskFields } from '../tasks/task.ts'

export interface FunctionPlace extends CommandPlace {
  /** The project it is kept in; `default` unless said. */
  project?: string
}

export interface FunctionRunOptions {
  /** Ask a server to run it. */
  onServer?: boolean
  /** Show the run's output and progress on standard error; default true. */
  watch?: boolean
  signal?: AbortSignal
}

/** A function from what is given: code, source, image, requirements, resources. Nothing is kept before `save` or `run`. */
export const newFunction = (spec: FunctionSpec, place: FunctionPlace = {}): FunctionBuilder => new FunctionBuilder(spec, place)

/** A function from the code of a file, `file:handler`, notebook, folder, repository or archive; its handlers are read from it. */
export async function codeToFunction(
  code: string,
  given: Partial<FunctionSpec> = {},
  place: FunctionPlace = {},
): Promise<FunctionBuilder> {
  const made = await ask<{ spec: FunctionSpec }>(['function', 'new', code, '--dry-run', '--spec', '-'], place, given)
  return new FunctionBuilder(made.spec, place)
}

/** A function from a `function.yaml` (a path or an address), or one that is kept: `db://project/name:tag`. */
export async function importFunction(from: string, place: FunctionPlace = {}): Promise<FunctionBuilder> {
  const words = from.startsWith('db://') ? ['function', 'show', from] : ['function', 'import', from, '--dry-run']
  const made = await ask<{ spec: FunctionSpec; name: string }>(words, place)
  return new FunctionBuilder({ ...made.spec, name: made.name }, place)
}

/** One function. The methods change it and return it; `toJSON` gives the specification. */
export class FunctionBuilder {
  readonly #place: FunctionPlace
  #spec: FunctionSpec
  /** `db://project/name@hash` of the version that was saved last. */
  reference: string | undefined

  constructor(spec: FunctionSpec, place: FunctionPlace = {}) {
    this.#spec = structuredClone(spec)
    this.#place = place
  }

  get name(): string {
    return this.#spec.name
  }

  /** Handlers by name, with their parameters, types, defaults and docs. */
  get entryPoints(): Readonly<Record<string, EntryPoint>> {
    return this.#spec.entryPoints ?? {}
  }

  /** Replaces fields. */
  with(fields: Partial<FunctionSpec>): this {
    this.#spec = { ...this.#spec, ...structuredClone(fields) }
    return this
  }

  withRequirements(...packages: string[]): this {
    return this.with({ requirements: Array.from(new Set([...(this.#spec.requirements ?? []), ...packages])) })
  }

  withLimits(amounts: { cpu?: number | string; memory?: number | string; gpu?: number }): this {
    return this.#withAmounts('limits', amounts)
  }

  withRequests(amounts: { cpu?: number | string; memory?: number | string }): this {
    return this.#withAmounts('requests', amounts)
  }

  withEnvironment(variables: NonNullable<FunctionSpec['environment']>): this {
    return this.with({ environment: { ...this.#spec.environment, ...variables } })
  }

  withParameters(parameters: Record<string, unknown>): this {
    return this.with({ parameters: { ...this.#spec.parameters, ...parameters } })
  }

  toJSON(): FunctionSpec {
    return structuredClone(this.#spec)
  }

  /** Keeps it: another version where anything has changed. The address of what is kept. */
  async save(options: { tags?: readonly string[] } = {}): Promise<string> {
    const tags = (options.tags ?? []).flatMap((tag) => (tag === 'latest' ? [] : ['--tag', tag]))
    const kept = await ask<{ reference: string; spec: FunctionSpec }>(
      ['function', 'new', '--spec', '-', ...tags],
      this.#place,
      this.#spec,
    )
    this.#spec = kept.spec
    this.reference = kept.reference
    return kept.reference
  }

  /** Writes it as `function.yaml`, which MLRun's client reads too, or as JSON by the ending. */
  async export(path = 'function.yaml'): Promise<this> {
    await ask(['function', 'new', '--spec', '-', '--export', path], this.#place, this.#spec)
    return this
  }

  /** Keeps it as it is and runs it; the run, which tells the version, after its end. */
  async run(task: TaskBuilder | TaskFields = {}, options: FunctionRunOptions = {}): Promise<Run> {
    const asked = task instanceof TaskBuilder ? task : new TaskBuilder(task)
    const reference = await this.save()
    const words = ['run', reference, '--task', '-', '--json', ...(options.onServer ? ['--on', 'server'] : [])]
    const result = await callCommand(words, {
      ...this.#place,
      stdin: JSON.stringify(asked.toJSON()),
      ...(options.watch === false ? {} : { onStderr: (bytes: Buffer) => void process.stderr.write(bytes) }),
      ...(options.signal ? { signal: options.signal } : {}),
    })
    return await new Run(lastObject(result) as RunRecord, this.#place).refresh()
  }

  /** Builds what it needs: an image where containers are and it has a base image, else its environment. */
  async build(options: { image?: string; push?: boolean; force?: boolean } = {}): Promise<Record<string, unknown>> {
    const reference = await this.save()
    const image = options.image === undefined ? [] : ['--image', options.image]
    const flags = [...(options.push ? ['--push'] : []), ...(options.force ? ['--force'] : [])]
    return await ask(['function', 'build', reference, ...image, ...flags], this.#place)
  }

  #withAmounts(key: 'limits' | 'requests', amounts: Record<string, number | string | undefined>): this {
    const given = Object.fromEntries(
      Object.entries(amounts).filter((entry): entry is [string, number | string] => entry[1] !== undefined),
    )
    return this.with({ resources: { ...this.#spec.resources, [key]: { ...this.#spec.resources?.[key], ...given } } })
  }
}

async function ask<Answer>(words: readonly string[], { project, ...place }: FunctionPlace, stdin?: object): Promise<Answer> {
  const named = project === undefined ? [] : ['--project', project]
  const result = await callCommand([...words, ...named, '--json'], {
    ...place,
    ...(stdin === undefined ? {} : { stdin: JSON.stringify(stdin) }),
  })
  if (result.code !== 0) throw commandError(result)
  return lastObject(result) as Answer
}

/** A run that failed prints its record too; a refused request prints none. */
function lastObject(result: CommandResult): unknown {
  const text = result.stdout.trim()
  try {
    return JSON.parse(text.slice(text.startsWith('{') ? 0 : text.lastIndexOf('\n{') + 1))
  } catch (error) {
    if (result.code !== 0) throw commandError(result)
    throw new AppError('internal', 'trainyard printed no JSON.', { cause: error })
  }
}
