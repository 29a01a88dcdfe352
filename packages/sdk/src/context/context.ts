import { dirname, join } from 'node:path'
import { newRunId } from '@trainyard/contract/ids'
import type { JournalArtifact, JsonObject, JsonValue } from '@trainyard/contract'
import { chartPage, type Grid, tablePage } from '../artifacts/chart-page.ts'
import { type DatasetOptions, packDataset, tableMetadata } from '../artifacts/pack-dataset.ts'
import { type ModelOptions, packModel } from '../artifacts/pack-model.ts'
import { type ArtifactOptions, packArtifact, packBytes, withSuffix } from '../artifacts/pack.ts'
import { Spool } from '../artifacts/spool.ts'
import { toJsonValue } from '../journal/json-value.ts'
import { csvPieces } from '../tables/csv.ts'
import { type TableInput, toTable } from '../tables/table.ts'
import { DataItem } from './data-item.ts'
import { createLogger, type Logger } from './logger.ts'
import type { RunPlace } from './place.ts'
import { Recorder } from './recorder.ts'
import { toRunError, withoutSecrets } from './run-error.ts'
import { abortSignal } from './signals.ts'

export interface PointOptions {
  /** A whole number; default: one more than the last step of this metric, from 0 on. */
  step?: number
  /** Milliseconds since 1970; default: now. */
  timeMs?: number
}

type PresentationOptions = Pick<ArtifactOptions, 'path' | 'labels' | 'tag' | 'title' | 'localPath' | 'metadata'>

/** Where an artifact will lie once the supervisor has moved it. */
export interface LoggedArtifact {
  key: string
  target: string
}

const previewRows = 20
const shownRows = 2000

/**
 * A script's side of its run. Log calls are synchronous, take microseconds, survive `kill -9` of the process, and never throw:
 * what cannot be recorded becomes a problem of the run and one line on standard error.
 */
export class Context<Parameters extends object = JsonObject> implements Disposable {
  readonly uid: string
  readonly name: string
  readonly project: string
  /** 0 for a run of its own, 1… in a sweep. */
  readonly iteration: number
  /** What the run was started with; with `defineHandler` converted, checked and with defaults. */
  readonly parameters: Parameters
  /** Key to URL of the declared inputs. */
  readonly inputs: Readonly<Record<string, string>>
  /** Folder or URL under which artifacts end up. */
  readonly outPath: string
  readonly logger: Logger = createLogger()
  readonly #place: RunPlace
  readonly #recorder: Recorder
  readonly #spool: Spool
  readonly #labels: Record<string, string>
  readonly #given: Map<string, unknown>
  #children: { end: (outcome: 'completed' | 'failed' | 'aborted') => void }[] = []
  #childCount = 0

  /** For the harness: scripts call `getOrCreateContext`. */
  constructor(place: RunPlace, recorder: Recorder, parameters: Parameters) {
    this.#place = place
    this.#recorder = recorder
    this.#spool = new Spool(place.runDirectory)
    this.uid = place.id
    this.name = place.name
    this.project = place.project
    this.iteration = place.iteration
    this.parameters = parameters
    this.inputs = Object.fromEntries(Object.entries(place.inputs).map(([key, { url }]) => [key, url]))
    this.outPath = place.outPath
    this.#labels = { ...place.labels }
    this.#given = new Map(Object.entries(parameters))
  }

  get labels(): Readonly<Record<string, string>> {
    return { ...this.#labels }
  }

  /** Aborted when the run is asked to stop (SIGTERM; Ctrl-C for a bare script). A process that never looks at it ends at once. */
  get signal(): AbortSignal {
    return abortSignal()
  }

  /** The parameter; else `defaultValue`, which is then recorded as the run's parameter. */
  getParameter<Key extends keyof Parameters & string>(key: Key): Parameters[Key] | undefined
  getParameter<Key extends keyof Parameters & string>(
    key: Key,
    defaultValue: NonNullable<Parameters[Key]>,
  ): NonNullable<Parameters[Key]>
  getParameter<Value extends JsonValue>(key: string, defaultValue: Value): Value
  getParameter(key: string, defaultValue?: unknown): unknown {
    if (this.#given.has(key)) return this.#given.get(key)
    if (defaultValue === undefined) return undefined
    this.#given.set(key, defaultValue)
    this.#recorder.parameters({ [key]: defaultValue })
    return defaultValue
  }

  /** An input: the one the run was given under `key`, else `url` (a path or URL), else `key` itself as a path. */
  getInput(key: string, url?: string): DataItem {
    const declared = this.#place.inputs[key]
    const source = declared?.url ?? url ?? key
    if (!declared) this.#recorder.append(['input', { key, url: source }])
    const downloads = join(this.#place.runDirectory, 'inputs')
    return new DataItem({ key, url: source, path: declared?.path, downloads })
  }

  /** Only what was given to this run with `-s` or the task; never in a record. */
  getSecret(name: string): string | undefined {
    return Object.hasOwn(this.#place.secrets, name) ? this.#place.secrets[name] : undefined
  }

  /** One point of a series. NaN and infinities are kept. */
  logMetric(key: string, value: unknown, options?: PointOptions): void {
    this.#recorder.metric(key, value, options?.step, options?.timeMs)
  }

  logMetrics(values: Readonly<Record<string, unknown>>, options?: PointOptions): void {
    for (const key of Object.keys(values)) this.#recorder.metric(key, values[key], options?.step, options?.timeMs)
  }

  /** A value of the run as a whole: any JSON value, the last one wins. */
  logResult(key: string, value: unknown): void {
    this.#recorder.results({ [key]: value })
  }

  logResults(values: Readonly<Record<string, unknown>>): void {
    this.#recorder.results(values)
  }

  setLabel(key: string, value: string): void {
    Object.assign(this.#labels, this.#recorder.labels({ [key]: value }))
  }

  setLabels(values: Readonly<Record<string, string>>): void {
    Object.assign(this.#labels, this.#recorder.labels(values))
  }

  /** Bytes, text, JSON values, a file or a folder. Files are copied as they are now; undefined when that failed. */
  logArtifact(key: string, options: ArtifactOptions): LoggedArtifact | undefined {
    return this.#log('artifact', key, () => packArtifact(key, options, this.#artifactPlace))
  }

  /** Rows (a list of objects), columns (an object of lists) or a data frame; kept as CSV unless the format says otherwise. */
  logDataset(key: string, data: TableInput, options: DatasetOptions = {}): LoggedArtifact | undefined {
    return this.#log('data set', key, () => packDataset(key, data, options, this.#artifactPlace))
  }

  /** A folder with the model's files and a description. */
  logModel(key: string, options: ModelOptions): LoggedArtifact | undefined {
    return this.#log('model', key, () => packModel(key, options, this.#artifactPlace))
  }

  /** Lines over a common axis: the first column is the axis, each other column a line. */
  logChart(key: string, chart: Grid & { chart?: string }, options: PresentationOptions = {}): LoggedArtifact | undefined {
    const header = [...chart.header]
    const rows = chart.rows.slice(0, shownRows).map((row) => row.map((value) => toJsonValue(value) ?? null))
    return this.#log('chart', key, () =>
      packBytes(key, options.localPath ?? withSuffix(key, 'html'), chartPage(options.title ?? key, chart), {
        place: this.#artifactPlace,
        options: { ...options, kind: 'chart', format: 'html' },
        metadata: { header, rows, length: chart.rows.length, chart: chart.chart ?? 'line' },
      }),
    )
  }

  /** A table kept as CSV with a preview in the record; with `format: 'html'` a page. */
  logTable(
    key: string,
    data: TableInput,
    options: PresentationOptions & { format?: 'csv' | 'html' } = {},
  ): LoggedArtifact | undefined {
    return this.#log('table', key, () => {
      const table = toTable(data)
      const format = options.format ?? 'csv'
      const rows = Array.from({ length: table.rowCount }, (_, row) => table.names.map((name) => table.columns.get(name)![row]))
      const body = format === 'csv' ? csvPieces(table) : tablePage(options.title ?? key, { header: table.names, rows })
      return packBytes(key, options.localPath ?? withSuffix(key, format), body, {
        place: this.#artifactPlace,
        options: { ...options, kind: 'table', format },
        metadata: tableMetadata(table, { stats: false, preview: previewRows }),
      })
    })
  }

  logHtml(key: string, html: string, options: PresentationOptions = {}): LoggedArtifact | undefined {
    return this.logArtifact(key, { localPath: withSuffix(key, 'html'), ...options, body: html, kind: 'html', format: 'html' })
  }

  /** A place under the out path, to be given as `path` or used by the script itself. */
  artifactSubpath(...parts: string[]): string {
    return [this.outPath, ...parts].join('/')
  }

  /**
   * Says that what was logged so far belongs together. A child and a run begun by `getOrCreateContext` end here, unless `completed`
   * is false; a run that `trainyard run` started goes on.
   */
  commit(message = '', { completed = true }: { completed?: boolean } = {}): void {
    this.#recorder.append(['commit', message, completed])
    if (completed && (this.#place.role === 'bare' || this.#place.role === 'child')) this.end('completed')
  }

  /**
   * A run below this one, for sweeps a handler makes itself. Ended by `commit()`, by `using`, or with this
   * run. `withChild` also records a failure.
   */
  createChild<ChildParameters extends object>(
    parameters: ChildParameters,
    options: { name?: string } = {},
  ): Context<ChildParameters> {
    const id = newRunId(Date.now())
    const iteration = ++this.#childCount
    const plain = (toJsonValue(parameters) ?? {}) as JsonObject
    const place: RunPlace = {
      ...this.#place,
      role: 'child',
      id,
      name: options.name ?? this.name,
      parentId: this.uid,
      iteration,
      labels: {},
      parameters: plain,
      outPath: this.artifactSubpath(String(iteration)),
      runDirectory: join(dirname(this.#place.runDirectory), id),
    }
    this.#recorder.append(['child', { id, iteration, parameters: plain }])
    const recorder = new Recorder(place.runDirectory)
    const { name, project, experiment } = place
    const run = {
      id,
      name,
      project,
      ...(experiment === '' ? {} : { experiment }),
      parentId: this.uid,
      iteration,
      parameters: plain,
    }
    recorder.append(['start', { pid: process.pid, run }])
    const child = new Context<ChildParameters>(place, recorder, parameters)
    child.#parent = this
    this.#children.push(child)
    return child
  }

  /** Runs `work` in a child run, which ends as the work does. The error is passed on. */
  async withChild<ChildParameters extends object, Result>(
    parameters: ChildParameters,
    work: (child: Context<ChildParameters>) => Result | Promise<Result>,
  ): Promise<Result> {
    const child = this.createChild(parameters)
    try {
      const result = await work(child)
      child.end('completed')
      return result
    } catch (error) {
      child.end('failed', error)
      throw error
    }
  }

  /** The parent takes this child's results. */
  markAsBest(): void {
    if (!this.#parent) return this.#recorder.problem('markAsBest was called on a run that is not a child.')
    this.#parent.#recorder.append(['best', { id: this.uid, iteration: this.iteration }])
  }

  /** For the harness and `using`: writes the last entry; what is logged later is not kept. Idempotent. */
  end(outcome: 'completed' | 'failed' | 'aborted', error?: unknown): void {
    // What was still open when the run failed did not fail by itself.
    for (const child of this.#children) child.end(outcome === 'failed' ? 'aborted' : outcome)
    this.#children = []
    if (this.#place.role === 'attached') return this.#recorder.close()
    this.#recorder.end(outcome, error === undefined ? undefined : withoutSecrets(toRunError(error), this.#place.secrets))
  }

  [Symbol.dispose](): void {
    this.end('completed')
  }

  #parent: Context<object> | undefined

  get #artifactPlace(): { spool: Spool; outPath: string } {
    return { spool: this.#spool, outPath: this.outPath }
  }

  #log(what: string, key: string, pack: () => JournalArtifact): LoggedArtifact | undefined {
    if (typeof key !== 'string' || key.trim() === '') {
      this.#recorder.problem(`An artifact needs a key: text that is not empty.`)
      return undefined
    }
    try {
      const artifact = pack()
      this.#recorder.append(['artifact', artifact])
      return { key, target: artifact.url ?? this.artifactSubpath(artifact.path) }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#recorder.problem(`The ${what} '${key.slice(0, 200)}' could not be logged: ${reason}.`)
      return undefined
    }
  }
}
