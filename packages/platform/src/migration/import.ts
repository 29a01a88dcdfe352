import { AppError, didYouMean } from '@trainyard/contract'
import type { ObjectStore } from '../objects/index.ts'
import type { ImportedModels } from '../registry/index.ts'
import type { ImportedTraces, TraceRecord } from '../traces/index.ts'
import type { ExperimentRecord, ImportedRecords, Mark, MarkKind, Tracking } from '../tracking/index.ts'
import { fingerprintOf } from './fingerprint.ts'
import { inParallel } from './in-parallel.ts'
import { type MigrationReport, newReport, type OnProgress } from './report.ts'
import { isUnread, type MigrationSource, type SourceExperiment, type SourceRun, type Unread } from './source.ts'
import { noteFailure, takeLoggedModel, takeModel } from './take-models.ts'
import { takeRun } from './take-run.ts'
import { takeTrace } from './take-trace.ts'

/** Where the bytes of runs, logged models and traces go. */
export interface DestinationPlaces {
  ofRun(runId: string, experiment: { project: string; artifactLocation: string | null }): string
  ofModel(model: { id: string; project: string; experimentId: string }): Promise<string>
  ofTrace(trace: Pick<TraceRecord, 'id' | 'project' | 'experimentId'>): Promise<string>
  open(place: string): Promise<ObjectStore>
  describe(place: string): Promise<{ sizeBytes?: number; sha256?: string }>
}

export interface Destination {
  tracking: Tracking
  records: ImportedRecords
  registry: ImportedModels
  traces: ImportedTraces
  places: DestinationPlaces
}

export interface ImportOptions {
  project: string
  /** Names or ids; all of them when empty. */
  experiments: readonly string[]
  artifacts: boolean
  /** Only says what would be. */
  dryRun: boolean
  /** Also what looks as it did the last time. */
  again: boolean
  onProgress?: OnProgress
}

/** One import under way. */
export interface Importing {
  readonly source: MigrationSource
  readonly destination: Destination
  readonly options: ImportOptions
  readonly report: MigrationReport
  /** Under what it is remembered what was taken. */
  readonly peer: string
  progress(): void
}

const recordsAtOnce = 6
const noTime = 0

/**
 * Brings the records of another system here, with their ids and times: experiments, runs with whole histories, data sets, files,
 * logged models, traces, the registry. What is here and has not changed there is left alone; each record is marked once all of it is here, so
 * that an import that was killed is finished by the next one. Fails when the source cannot be reached (`unavailable`), lacks an experiment that is wanted (`not_found`) or nothing can
 * be stored (`storage`); whatever else goes wrong is one record's matter, told in the report.
 */
export async function importFrom(
  source: MigrationSource,
  destination: Destination,
  options: ImportOptions,
): Promise<MigrationReport> {
  const report = newReport({ peer: source.name, project: options.project, dryRun: options.dryRun, notes: source.notes })
  const progress = (): void => options.onProgress?.(report)
  const importing: Importing = { source, destination, options, report, peer: `from ${source.name}`, progress }
  await checkWanted(source, options.experiments)
  const marks = await readMarks(importing)
  const relations: SourceRun[] = []
  const takenRuns = new Set<string>()
  const trashed: { id: string; atMs: number | null }[] = []
  for await (const experiment of source.experiments()) {
    const { experiments } = options
    const names = isUnread(experiment) ? [experiment.id] : [experiment.name, experiment.id]
    if (experiments.length > 0 && !names.some((name) => experiments.includes(name))) continue
    report.experiments.found++
    if (isUnread(experiment)) {
      report.experiments.failed++
      noteFailure(importing, `experiment ${experiment.id}`, experiment.unread)
      continue
    }
    const id = await takeExperiment(importing, experiment, marks.experiment.get(experiment.id))
    if (id === undefined) continue
    trashed.push({ id, atMs: experiment.isDeleted ? experiment.updatedAtMs : null })
    await takeEach(importing, 'runs', source.runs(experiment), async (run) => {
      takenRuns.add(run.id)
      if (run.models.length > 0 || run.tags['mlflow.parentRunId'] !== undefined) relations.push(run)
      await takeRun(importing, run, id, marks.run.get(run.id))
    })
    await takeEach(importing, 'loggedModels', source.loggedModels(experiment), (model) =>
      takeLoggedModel(importing, model, id, marks.logged_model.get(model.id)),
    )
    await takeEach(importing, 'traces', source.traces(experiment), (trace) =>
      takeTrace(importing, trace, id, marks.trace.get(trace.id)),
    )
  }
  for (const run of relations) await takeRelations(importing, run, marks.relations.get(run.id))
  await takeRegistry(importing, takenRuns, marks.model)
  if (!options.dryRun) for (const { id, atMs } of trashed) await destination.records.settleExperiment(id, atMs)
  return report
}

const singular = { runs: 'run', loggedModels: 'logged model', traces: 'trace' } as const

/** Several at once; what cannot be read or taken is told and passed over. */
async function takeEach<Item extends { id: string }>(
  importing: Importing,
  kind: keyof typeof singular,
  items: AsyncIterable<Item | Unread>,
  take: (item: Item) => Promise<void>,
): Promise<void> {
  const counts = importing.report[kind]
  await inParallel(items, recordsAtOnce, async (item) => {
    counts.found++
    try {
      if (isUnread(item)) throw item.unread
      await take(item)
    } catch (error) {
      counts.failed++
      noteFailure(importing, `${singular[kind]} ${item.id}`, error)
    }
    importing.progress()
  })
}

/** Before anything is taken. */
async function checkWanted(source: MigrationSource, wanted: readonly string[]): Promise<void> {
  if (wanted.length === 0) return
  const [names, ids] = [new Set<string>(), new Set<string>()]
  for await (const experiment of source.experiments()) {
    if (!isUnread(experiment)) names.add(experiment.name)
    ids.add(experiment.id)
  }
  const unknown = wanted.find((each) => !names.has(each) && !ids.has(each))
  if (unknown !== undefined)
    throw new AppError(
      'not_found',
      `${source.name} has no experiment ${unknown.slice(0, 200)}${didYouMean(unknown, [...names])}.`,
    )
}

async function readMarks({ destination, peer }: Importing): Promise<Record<MarkKind, Map<string, Mark>>> {
  const of = (kind: MarkKind) => destination.records.marks.of(peer, kind)
  return {
    experiment: await of('experiment'),
    run: await of('run'),
    relations: await of('relations'),
    logged_model: await of('logged_model'),
    trace: await of('trace'),
    model: await of('model'),
  }
}

/** The id it has here; undefined when it could not be taken, and its runs neither. */
async function takeExperiment(
  importing: Importing,
  experiment: SourceExperiment,
  mark: Mark | undefined,
): Promise<string | undefined> {
  const { destination, options, report, peer } = importing
  const fingerprint = fingerprintOf({ ...experiment, project: options.project })
  const here = mark && (await destination.tracking.experiments.find(mark.localId))
  const isHere = here !== undefined && here.project === options.project
  if (isHere && mark?.fingerprint === fingerprint && !options.again) {
    report.experiments.unchanged++
    return here.id
  }
  const named = await destination.tracking.experiments.findByName(options.project, experiment.name)
  const elsewhere = isHere || named ? undefined : await findElsewhere(importing, experiment, here)
  if (elsewhere !== undefined) {
    const sentence = `it is in the project ${elsewhere.project} here, with all its runs, and stays there`
    report.differences.push({ of: `experiment '${experiment.name}'`, sentence })
    report.experiments.unchanged++
    return elsewhere.id
  }
  if (options.dryRun) {
    report.experiments[isHere || named ? 'changed' : 'made']++
    return here?.id ?? named?.id ?? '0'
  }
  const tagKeys = Object.keys(experiment.tags)
  try {
    const { id, made, differences } = await destination.records.experiment({
      project: options.project,
      name: experiment.name,
      wantedId: experiment.id,
      ...(isHere ? { knownId: here.id } : {}),
      createdAtMs: experiment.createdAtMs || noTime,
      updatedAtMs: experiment.updatedAtMs || noTime,
      tags: experiment.tags,
      removedTags: (mark?.tagKeys ?? []).filter((key) => !tagKeys.includes(key)),
    })
    for (const sentence of differences) report.differences.push({ of: `experiment '${experiment.name}'`, sentence })
    await destination.records.marks.put(peer, { kind: 'experiment', peerId: experiment.id, localId: id, fingerprint, tagKeys })
    report.experiments[made ? 'made' : 'changed']++
    return id
  } catch (error) {
    report.experiments.failed++
    noteFailure(importing, `experiment '${experiment.name}'`, error)
    return undefined
  }
}

/**
 * The experiment of another project that holds all that is in this one there: taken here before, it is not taken a second time, which
 * would leave an experiment without runs. Undefined as soon as there is something that is nowhere here.
 */
async function findElsewhere(
  { source, destination: { tracking } }: Importing,
  experiment: SourceExperiment,
  taken: ExperimentRecord | undefined,
): Promise<ExperimentRecord | undefined> {
  let found = taken
  for await (const { id } of source.runs(experiment)) {
    const owner = (await tracking.experiments.ofRuns([id])).get(id)
    if (!owner) return undefined
    found ??= await tracking.experiments.find(owner.id)
  }
  for await (const { id } of source.loggedModels(experiment)) {
    const model = await tracking.loggedModels.find(id)
    if (!model) return undefined
    found ??= await tracking.experiments.find(model.experimentId)
  }
  return found
}

/** Parents and models of runs: when everything they point at has had its turn. */
async function takeRelations(
  { destination, options, report, peer }: Importing,
  run: SourceRun,
  mark: Mark | undefined,
): Promise<void> {
  const relations = { runId: run.id, parentId: run.tags['mlflow.parentRunId'] ?? null, links: run.models }
  const fingerprint = fingerprintOf(relations)
  if (options.dryRun || (mark?.fingerprint === fingerprint && !options.again)) return
  const missing = await destination.records.relations(relations)
  for (const sentence of missing) report.differences.push({ of: `run ${run.id}`, sentence })
  if (missing.length > 0) return
  await destination.records.marks.put(peer, { kind: 'relations', peerId: run.id, localId: run.id, fingerprint, tagKeys: [] })
}

/** Where only some experiments are wanted, only models with a version that their runs made. */
async function takeRegistry(importing: Importing, takenRuns: ReadonlySet<string>, marks: Map<string, Mark>): Promise<void> {
  const { source, options, report } = importing
  for await (const model of source.models()) {
    if (isUnread(model)) {
      report.models.found++
      report.models.failed++
      noteFailure(importing, `model '${model.id}'`, model.unread)
      continue
    }
    const isWanted = model.versions.some(({ runId }) => runId !== null && takenRuns.has(runId))
    if (options.experiments.length > 0 && !isWanted) continue
    report.models.found++
    try {
      await takeModel(importing, model, marks.get(model.name))
    } catch (error) {
      report.models.failed++
      noteFailure(importing, `model '${model.name}'`, error)
    }
    importing.progress()
  }
}
