import { isAppError } from '@trainyard/contract'
import type { ChangeOrigin, ImportedVersion } from '../registry/index.ts'
import { type Mark, recordModelArtifact } from '../tracking/index.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Importing } from './import.ts'
import type { SourceLoggedModel, SourceModel, SourceVersion } from './source.ts'
import { takeFiles } from './take-files.ts'

/** A logged model with its files, up to its mark. */
export async function takeLoggedModel(
  importing: Importing,
  model: SourceLoggedModel,
  experimentId: string,
  mark: Mark | undefined,
): Promise<void> {
  const { report, options, destination, source } = importing
  const fingerprint = fingerprintOf({ ...model, experimentId, artifacts: options.artifacts })
  if (mark?.fingerprint === fingerprint && !options.again) return void report.loggedModels.unchanged++
  const owner = { kind: 'model' as const, id: model.id, artifactUri: model.artifactUri, experimentId: model.experimentId }
  const place = await destination.places.ofModel({ id: model.id, project: options.project, experimentId })
  const takeItsFiles = async () =>
    options.artifacts
      ? await takeFiles(source, owner, {
          store: await destination.places.open(place),
          again: options.again,
          dryRun: options.dryRun,
          report,
        })
      : { complete: true, differences: [] }
  if (options.dryRun) {
    await takeItsFiles()
    return void report.loggedModels[mark ? 'changed' : 'made']++
  }
  const tagKeys = Object.keys(model.tags)
  const { made, differences } = await destination.records.loggedModel({
    ...model,
    experimentId,
    trashedAtMs: model.isDeleted ? model.updatedAtMs : null,
    removedTags: (mark?.tagKeys ?? []).filter((key) => !tagKeys.includes(key)),
  })
  const files = await takeItsFiles()
  if (model.sourceRunId !== null)
    await recordModelArtifact(destination.tracking, destination.places, {
      runId: model.sourceRunId,
      key: model.name,
      place,
      facts: { modelId: model.id },
      createdAtMs: model.createdAtMs,
    })
  for (const sentence of [...differences, ...files.differences])
    report.differences.push({ of: `logged model ${model.id}`, sentence })
  if (files.complete)
    await destination.records.marks.put(importing.peer, {
      kind: 'logged_model',
      peerId: model.id,
      localId: model.id,
      fingerprint,
      tagKeys,
    })
  report.loggedModels[made ? 'made' : 'changed']++
}

const origin: ChangeOrigin = { by: 'import', via: 'import' }

/** A registered model with all its versions, in one transaction. */
export async function takeModel(importing: Importing, model: SourceModel, mark: Mark | undefined): Promise<void> {
  const { report, options, destination, peer } = importing
  const project = await projectOf(importing, model, mark)
  if (project !== options.project)
    report.differences.push({ of: `model '${model.name}'`, sentence: `it is in the project ${project} here, and stays there` })
  const fingerprint = fingerprintOf({ ...model, project })
  if (mark?.fingerprint === fingerprint && !options.again) return void report.models.unchanged++
  if (options.dryRun) {
    report.versionsMade += await destination.registry.missing({ ...model, project })
    return void report.models[mark ? 'changed' : 'made']++
  }
  const memory = [
    ...Object.keys(model.tags).map((key) => `tag ${key}`),
    ...Object.keys(model.aliases).map((key) => `alias ${key}`),
  ]
  const gone = (mark?.tagKeys ?? []).filter((each) => !memory.includes(each))
  const goneOf = (kind: string): string[] => gone.filter((each) => each.startsWith(kind)).map((each) => each.slice(kind.length))
  const versions: ImportedVersion[] = []
  const differences: string[] = []
  for (const version of model.versions) {
    const location = await locationOf(importing, version)
    if (location === undefined)
      differences.push(
        `the files of version ${version.version} are at ${version.storageLocation ?? version.source}, which was not taken`,
      )
    versions.push({
      ...version,
      createdBy: version.owner || 'unknown',
      location: location ?? version.storageLocation ?? version.source,
    })
  }
  const taken = await destination.registry.take(
    { ...model, project, versions, removedTags: goneOf('tag '), removedAliases: goneOf('alias ') },
    origin,
  )
  report.versionsMade += taken.versionsMade
  for (const sentence of [...differences, ...taken.differences])
    report.differences.push({ of: `model '${model.name}'`, sentence })
  await destination.records.marks.put(peer, {
    kind: 'model',
    peerId: model.name,
    localId: `${project}/${model.name}`,
    fingerprint,
    tagKeys: memory,
  })
  report.models[taken.made ? 'made' : 'changed']++
}

/** A model that was taken into another project, and is there still, stays whole where it is. */
async function projectOf({ destination, options }: Importing, { name }: SourceModel, mark: Mark | undefined): Promise<string> {
  const before = mark?.localId.endsWith(`/${name}`) ? mark.localId.slice(0, -name.length - 1) : undefined
  if (before === undefined || before === options.project) return options.project
  if (await destination.registry.has({ project: options.project, name })) return options.project
  return (await destination.registry.has({ project: before, name })) ? before : options.project
}

/** Where the bytes of a version lie now; undefined when they were not brought along and cannot be reached from here. */
async function locationOf({ destination }: Importing, version: SourceVersion): Promise<string | undefined> {
  const { tracking, places } = destination
  // What clients give for prompts, which have no bytes.
  if (version.source === 'dummy-source' || version.tags['mlflow.prompt.is_prompt'] !== undefined) return version.source
  const addresses = [version.storageLocation, version.source].filter((address) => address !== null)
  for (const id of [
    version.loggedModelId,
    ...addresses.map((address) => /(?:^|\/)(m-[0-9a-f]{32})(?:\/artifacts)?\/?$/.exec(address)?.[1]),
  ]) {
    const model = id ? await tracking.loggedModels.find(id) : undefined
    if (model) return await places.ofModel(model)
  }
  for (const address of addresses) {
    const [, runId, path = ''] =
      /^runs:\/*([0-9a-f]{32})(?:\/(.*))?$/.exec(address) ?? /\/([0-9a-f]{32})\/artifacts(?:\/(.*))?$/.exec(address) ?? []
    const run = runId === undefined ? undefined : await tracking.runs.find(runId)
    if (run) return [run.outPath.replace(/\/+$/, ''), path].filter((part) => part !== '').join('/')
  }
  return addresses.find((address) => /^(?:s3|gs|az|https?):\/\//i.test(address))
}

/** A record that cannot be had is told and passed over; a source that cannot be reached any more ends the import. */
export function noteFailure(importing: Importing, of: string, error: unknown): void {
  if (!isAppError(error) || error.code === 'unavailable' || error.code === 'storage' || error.code === 'internal') throw error
  importing.report.differences.push({ of, sentence: error.message })
}
