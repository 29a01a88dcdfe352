import { fromParamText, isEnded, type JsonValue } from '@trainyard/contract'
import { artifactKindOf, type Mark, recordModelArtifact } from '../tracking/index.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Importing } from './import.ts'
import type { SourceRun } from './source.ts'
import { takeFiles } from './take-files.ts'

/** Points in one transaction: enough to be quick, few enough to let others write between. */
const pointsAtOnce = 20_000

/** Takes one run in, up to its mark: whoever is interrupted before that begins this run again, with the same result. */
export async function takeRun(importing: Importing, run: SourceRun, experimentId: string, mark: Mark | undefined): Promise<void> {
  const { report, options, destination } = importing
  const { records } = destination
  const fingerprint = fingerprintOf({ ...run, models: [], experimentId, artifacts: options.artifacts })
  const isSame = mark?.fingerprint === fingerprint && !options.again
  // Files that a program adds while it runs leave no other trace.
  if (isSame && (isEnded(run.state) || !options.artifacts)) return void report.runs.unchanged++
  if (options.dryRun) return await countRun(importing, run, isSame)

  const outPath = await outPathOf(importing, run)
  const labels = labelsOf(run)
  const tagKeys = Object.keys(labels)
  const { made, differences } = await records.run({
    id: run.id,
    experimentId,
    name: run.name || `run-${run.id.slice(0, 8)}`,
    state: run.state,
    startedAtMs: run.startedAtMs,
    endedAtMs: run.endedAtMs,
    trashedAtMs: run.deletedAtMs,
    owner: run.owner || 'unknown',
    outPath,
    parameters: parametersOf(run),
    labels,
    removedLabels: (mark?.tagKeys ?? []).filter((key) => !tagKeys.includes(key)),
  })
  if (!isSame) {
    if (run.datasets.length > 0) await destination.tracking.datasets.add(run.id, run.datasets)
    await takePoints(importing, run)
  }
  const files = options.artifacts ? await takeRunFiles(importing, run, outPath) : { complete: true, differences: [] }
  for (const sentence of [...differences, ...files.differences]) report.differences.push({ of: `run ${run.id}`, sentence })
  if (options.artifacts) await recordModels(importing, run, outPath)
  if (files.complete)
    await records.marks.put(importing.peer, { kind: 'run', peerId: run.id, localId: run.id, fingerprint, tagKeys })
  report.runs[made ? 'made' : isSame ? 'unchanged' : 'changed']++
}

/** What `takeRun` would bring. */
async function countRun(importing: Importing, run: SourceRun, isSame: boolean): Promise<void> {
  const { source, destination, options, report } = importing
  const here = await destination.tracking.runs.find(run.id)
  if (!isSame) for await (const points of source.history(run)) report.points += points.length
  if (options.artifacts) {
    const outPath = here?.outPath ?? destination.places.ofRun(run.id, { project: options.project, artifactLocation: null })
    const { differences } = await takeRunFiles(importing, run, outPath)
    for (const sentence of differences) report.differences.push({ of: `run ${run.id}`, sentence })
  }
  report.runs[here === undefined ? 'made' : isSame ? 'unchanged' : 'changed']++
}

async function takePoints({ source, destination, report, progress }: Importing, run: SourceRun): Promise<void> {
  let waiting: { key: string; step: number; timeMs: number; value: number }[] = []
  const store = async (): Promise<void> => {
    if (waiting.length === 0) return
    await destination.records.points(run.id, waiting)
    report.points += waiting.length
    waiting = []
    progress()
  }
  for await (const points of source.history(run)) {
    for (const point of points) {
      waiting.push(point)
      if (waiting.length >= pointsAtOnce) await store()
    }
  }
  await store()
}

async function takeRunFiles({ source, destination, report, options }: Importing, run: SourceRun, outPath: string) {
  const { tracking } = destination
  const here = await tracking.runs.find(run.id)
  const known = new Set(here ? (await tracking.artifacts.ofRun(run.id)).map(({ key }) => key) : [])
  const project = here?.project ?? options.project
  return await takeFiles(
    source,
    { kind: 'run', id: run.id, artifactUri: run.artifactUri, experimentId: run.experimentId },
    {
      store: await destination.places.open(outPath),
      again: options.again,
      dryRun: options.dryRun,
      report,
      known,
      onStored: async (path, { sizeBytes, sha256 }) => {
        await tracking.artifacts.add({
          runId: run.id,
          project,
          iteration: 0,
          key: path,
          kind: artifactKindOf(path),
          target: `${outPath.replace(/\/+$/, '')}/${path}`,
          sizeBytes,
          sha256,
          createdAtMs: run.endedAtMs ?? run.startedAtMs,
        })
      },
    },
  )
}

/** Folders with a model in them, which older clients put among the files of a run and told in a tag. */
async function recordModels({ destination: { tracking, places } }: Importing, run: SourceRun, outPath: string): Promise<void> {
  for (const path of toldModels(run.tags['mlflow.log-model.history'])) {
    await recordModelArtifact(tracking, places, {
      runId: run.id,
      key: path,
      place: `${outPath.replace(/\/+$/, '')}/${path}`,
      facts: {},
      createdAtMs: run.endedAtMs ?? run.startedAtMs,
    })
  }
}

/** Whatever cannot be read is the client's own text and tells of no model. */
function toldModels(history: string | undefined): string[] {
  if (history === undefined) return []
  let told: unknown
  try {
    told = JSON.parse(history)
  } catch {
    return []
  }
  const paths = (Array.isArray(told) ? told : []).map((each: unknown) =>
    typeof each === 'object' && each !== null && 'artifact_path' in each ? each.artifact_path : undefined,
  )
  const isInside = (path: unknown): path is string =>
    typeof path === 'string' &&
    path !== '' &&
    !path.startsWith('/') &&
    !path.split('/').some((part) => part === '..' || part === '.')
  return [...new Set(paths.filter(isInside))]
}

const isBucket = (uri: string): boolean => /^(?:s3|gs|az):\/\//i.test(uri)

/** Without their files, runs go on pointing at the bucket that holds them; a later import with files brings them home. */
async function outPathOf({ destination, options }: Importing, run: SourceRun): Promise<string> {
  const known = await destination.tracking.runs.find(run.id)
  const own = destination.places.ofRun(run.id, { project: options.project, artifactLocation: null })
  if (known && known.outPath !== run.artifactUri) return known.outPath
  const outPath = !options.artifacts && isBucket(run.artifactUri) ? run.artifactUri : own
  if (known && known.outPath !== outPath) await destination.tracking.runs.update(run.id, { outPath })
  return outPath
}

function parametersOf({ parameters }: SourceRun): Record<string, JsonValue> {
  const typed = Object.create(null) as Record<string, JsonValue>
  for (const [key, text] of Object.entries(parameters)) typed[key] = fromParamText(text)
  return typed
}

/** The name and the user are on the record itself. */
function labelsOf({ tags, owner }: SourceRun): Record<string, string> {
  const { 'mlflow.runName': _, 'mlflow.user': user, ...labels } = tags
  return user === undefined || !owner || user === owner ? labels : { ...labels, 'mlflow.user': user }
}
