import type { RunRecord } from '@trainyard/contract'
import type { ExperimentRecord, Mark } from '../tracking/index.ts'
import { giveLoggedModels, giveModels } from './export-models.ts'
import { type Exporting, type ExportOptions, type ExportOrigin, giveFiles, noteFailure } from './exporting.ts'
import { fingerprintOf } from './fingerprint.ts'
import { inParallel } from './in-parallel.ts'
import type { RemoteRun, RestTarget } from './mlflow/rest-target.ts'
import { type MigrationReport, newReport } from './report.ts'

const runsAtOnce = 6

/**
 * Writes experiments, runs with whole histories, files, logged models and the registry to an MLflow server. The server gives ids of
 * its own, so that each run gets a tag with the one it has here. What was written and has not changed is left alone, what was
 * interrupted is found there and finished. Runs in the trash stay here. Fails as `importFrom` does.
 */
export async function exportTo(target: RestTarget, origin: ExportOrigin, options: ExportOptions): Promise<MigrationReport> {
  const report = newReport({ peer: target.name, project: options.project, dryRun: options.dryRun })
  const peer = `to ${target.name}`
  const exporting: Exporting = {
    target,
    origin,
    options,
    report,
    peer,
    runs: new Map(),
    loggedModels: new Map(),
    parents: new Map(),
  }
  const marks = await origin.records.marks.of(peer, 'run')
  for (const experiment of await chosenExperiments(exporting)) {
    report.experiments.found++
    const id = await giveExperiment(exporting, experiment)
    if (id === undefined) continue
    await inParallel(runsOf(exporting, experiment), runsAtOnce, async (run) => {
      report.runs.found++
      const parentId = run.parentId ?? run.labels['mlflow.parentRunId']
      if (parentId !== undefined) exporting.parents.set(run.id, parentId)
      try {
        await giveRun(exporting, run, id, marks.get(run.id))
      } catch (error) {
        report.runs.failed++
        noteFailure(exporting, `run ${run.id}`, error)
      }
      options.onProgress?.(report)
    })
    await giveLoggedModels(exporting, experiment, id)
  }
  await giveModels(exporting)
  return report
}

async function chosenExperiments({ origin, options }: Exporting): Promise<ExperimentRecord[]> {
  const { experiments } = await origin.tracking.experiments.search({
    project: options.project,
    sort: [{ field: 'created', direction: 'ascending' }],
    limit: 50_000,
  })
  const wanted = options.experiments
  return wanted.length === 0 ? experiments : experiments.filter(({ id, name }) => wanted.includes(name) || wanted.includes(id))
}

async function giveExperiment(exporting: Exporting, { name, tags, id: ownId }: ExperimentRecord): Promise<string | undefined> {
  const { target, origin, options, report, peer } = exporting
  const mark = (await origin.records.marks.of(peer, 'experiment')).get(ownId)
  const fingerprint = fingerprintOf({ name, tags })
  if (mark?.fingerprint === fingerprint && !options.again) {
    report.experiments.unchanged++
    return mark.localId
  }
  if (options.dryRun) {
    report.experiments[mark ? 'changed' : 'made']++
    return mark?.localId ?? ''
  }
  try {
    const id = await target.experiment(name, tags)
    const tagKeys = Object.keys(tags)
    await origin.records.marks.put(peer, { kind: 'experiment', peerId: ownId, localId: id, fingerprint, tagKeys })
    report.experiments[mark ? 'changed' : 'made']++
    return id
  } catch (error) {
    report.experiments.failed++
    noteFailure(exporting, `experiment '${name}'`, error)
    return undefined
  }
}

/** Oldest first, so that parents come before their children. */
async function* runsOf({ origin, options }: Exporting, { id }: ExperimentRecord): AsyncGenerator<RunRecord> {
  let cursor: string | undefined
  do {
    const page = await origin.tracking.runs.search({
      experimentIds: [id],
      project: options.project,
      iterations: true,
      limit: 200,
      sort: [{ field: { scope: 'attribute', name: 'created' }, direction: 'ascending' }],
      ...(cursor === undefined ? {} : { cursor }),
    })
    yield* page.runs
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

async function giveRun(exporting: Exporting, run: RunRecord, experimentId: string, mark: Mark | undefined): Promise<void> {
  const { target, origin, options, report, peer } = exporting
  const { tracking, records } = origin
  const datasets = (await tracking.datasets.ofRuns([run.id])).get(run.id) ?? []
  const { updatedAtMs: _, supervisor: _watched, ...content } = run
  const fingerprint = fingerprintOf({ ...content, datasets, artifacts: options.artifacts })
  const before: RemoteRun | undefined = mark && { id: mark.localId, artifactUri: mark.tagKeys[0] ?? '' }
  if (before && mark?.fingerprint === fingerprint && !options.again) {
    exporting.runs.set(run.id, before)
    return void report.runs.unchanged++
  }
  if (options.dryRun) return void report.runs[before ? 'changed' : 'made']++
  const tags = tagsOf(run)
  const start = { ownId: run.id, name: run.name, owner: run.owner, startedAtMs: run.createdAtMs, tags }
  const known = before ?? (await target.findRun(experimentId, run.id))
  const remote = known ?? (await target.createRun(experimentId, start))
  exporting.runs.set(run.id, remote)
  if (known) await target.setTags(remote.id, tags)
  await target.logParameters(remote.id, run.parameters)
  if (datasets.length > 0) await target.logInputs(remote.id, datasets)
  for (const { key } of await tracking.metrics.series(run.id)) {
    const points = await tracking.metrics.history(run.id, key)
    await target.logPoints(remote.id, key, points)
    report.points += points.length
  }
  if (options.artifacts) await giveFiles(exporting, run.outPath, await target.store(remote.artifactUri), `run ${run.id}`)
  await target.endRun(remote.id, { state: run.state, endedAtMs: run.endedAtMs, name: run.name })
  await records.marks.put(peer, { kind: 'run', peerId: run.id, localId: remote.id, fingerprint, tagKeys: [remote.artifactUri] })
  report.runs[before ? 'changed' : 'made']++
}

/** The parent has another id there, and is told when all runs are there; the name is told with the run. */
const keptElsewhere = new Set(['mlflow.parentRunId', 'mlflow.runName'])

const tagsOf = ({ labels }: RunRecord): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => !keptElsewhere.has(key)))
