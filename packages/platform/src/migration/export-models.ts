import type { ModelVersion, RegisteredModel } from '../registry/index.ts'
import type { ExperimentRecord, LoggedModelRecord, ModelLink } from '../tracking/index.ts'
import { type Exporting, giveFiles, noteFailure } from './exporting.ts'
import { fingerprintOf } from './fingerprint.ts'

/** The logged models of an experiment, with their files, and which runs read or made them. */
export async function giveLoggedModels(exporting: Exporting, experiment: ExperimentRecord, experimentId: string): Promise<void> {
  const { origin, report, peer } = exporting
  const marks = await origin.records.marks.of(peer, 'logged_model')
  let cursor: string | undefined
  do {
    const page = await origin.tracking.loggedModels.search({
      experimentIds: [experiment.id],
      limit: 200,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const model of page.models) {
      report.loggedModels.found++
      try {
        const mark = marks.get(model.id)
        if (mark) exporting.loggedModels.set(model.id, { id: mark.localId, artifactUri: mark.tagKeys[0] ?? '' })
        if (mark && !exporting.options.again) report.loggedModels.unchanged++
        else await giveLoggedModel(exporting, model, experimentId)
      } catch (error) {
        report.loggedModels.failed++
        noteFailure(exporting, `logged model ${model.id}`, error)
      }
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  await giveRelations(exporting)
}

/** A server gives it an id of its own, which a tag leads back to. */
async function giveLoggedModel(exporting: Exporting, model: LoggedModelRecord, experimentId: string): Promise<void> {
  const { target, origin, options, report, peer } = exporting
  const known = exporting.loggedModels.get(model.id)
  if (options.dryRun) return void report.loggedModels[known ? 'changed' : 'made']++
  const sourceRun = model.sourceRunId === null ? undefined : exporting.runs.get(model.sourceRunId)
  const remote = known ?? (await target.createLoggedModel(experimentId, model, sourceRun?.id ?? null))
  if (options.artifacts)
    await giveFiles(
      exporting,
      await origin.places.ofModel(model),
      await target.store(remote.artifactUri),
      `logged model ${model.id}`,
    )
  const points = model.metrics.flatMap((point) => {
    const run = exporting.runs.get(point.runId)
    return run ? [{ ...point, runId: run.id }] : []
  })
  await target.logModelPoints(remote.id, points)
  if (!known) await target.finishLoggedModel(remote.id, model.status)
  exporting.loggedModels.set(model.id, remote)
  await origin.records.marks.put(peer, {
    kind: 'logged_model',
    peerId: model.id,
    localId: remote.id,
    fingerprint: '',
    tagKeys: [remote.artifactUri],
  })
  report.loggedModels[known ? 'changed' : 'made']++
}

/** Parents and models of runs: when everything they point at is there. */
async function giveRelations({ origin, target, runs, parents, loggedModels, options, peer }: Exporting): Promise<void> {
  if (options.dryRun) return
  const marks = await origin.records.marks.of(peer, 'relations')
  const allLinks = await origin.tracking.loggedModels.ofRuns([...runs.keys()])
  for (const [ownId, remote] of runs) {
    const links = (allLinks.get(ownId) ?? []).flatMap((link): ModelLink[] => {
      const model = loggedModels.get(link.modelId)
      return model ? [{ ...link, modelId: model.id }] : []
    })
    const parent = runs.get(parents.get(ownId) ?? '')?.id
    const fingerprint = fingerprintOf({ links, parent: parent ?? null })
    if ((links.length === 0 && parent === undefined) || marks.get(ownId)?.fingerprint === fingerprint) continue
    if (parent !== undefined) await target.setTags(remote.id, { 'mlflow.parentRunId': parent })
    await target.linkModels(remote.id, links)
    await origin.records.marks.put(peer, { kind: 'relations', peerId: ownId, localId: remote.id, fingerprint, tagKeys: [] })
  }
}

/** The registry. With chosen experiments only the models of which a version was made by a run that was given. */
export async function giveModels(exporting: Exporting): Promise<void> {
  const { origin, options, report, peer } = exporting
  const marks = await origin.records.marks.of(peer, 'model')
  let cursor: string | undefined
  do {
    const page = await origin.registry.models.search({
      project: options.project,
      limit: 200,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const model of page.models) {
      const versions = await versionsOf(exporting, model)
      const isWanted = versions.some(({ runId }) => runId !== null && exporting.runs.has(runId))
      if (options.experiments.length > 0 && !isWanted) continue
      report.models.found++
      const mark = marks.get(model.name)
      const fingerprint = fingerprintOf({ ...model, versions, latestVersions: [] })
      if (mark?.fingerprint === fingerprint && !options.again) report.models.unchanged++
      else if (options.dryRun) report.models[mark ? 'changed' : 'made']++
      else {
        try {
          await giveModel(exporting, model, versions)
          const of = { peerId: model.name, localId: model.name }
          await origin.records.marks.put(peer, { kind: 'model', ...of, fingerprint, tagKeys: [] })
          report.models[mark ? 'changed' : 'made']++
        } catch (error) {
          report.models.failed++
          noteFailure(exporting, `model '${model.name}'`, error)
        }
      }
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}

async function versionsOf({ origin }: Exporting, { project, name }: RegisteredModel): Promise<ModelVersion[]> {
  const { versions } = await origin.registry.versions.search({
    project,
    clauses: [{ field: 'name', condition: { operator: '=', value: name } }],
    sort: [{ field: 'version', direction: 'ascending' }],
    limit: 200_000,
  })
  return versions
}

/** Numbers stay what they are: where one is missing here, one is made there and deleted again. */
async function giveModel(exporting: Exporting, model: RegisteredModel, versions: readonly ModelVersion[]): Promise<void> {
  const { target, report } = exporting
  const there = await target.models.versions(model.name)
  if (there === undefined) await target.models.create(model)
  else await target.models.update(model)
  const known = new Set(there)
  for (const version of versions) {
    if (!known.has(version.version)) {
      const source = await sourceOf(exporting, version)
      let number = await target.models.createVersion(version, source)
      for (; number < version.version; number = await target.models.createVersion(version, source))
        await target.models.deleteVersion(model.name, number)
      report.versionsMade++
      if (number !== version.version)
        report.differences.push({ of: `model '${model.name}'`, sentence: `version ${version.version} here is ${number} there` })
    }
    await target.models.updateVersion(version)
  }
  for (const [alias, version] of Object.entries(model.aliases)) await target.models.setAlias(model.name, alias, version)
}

/** Where the bytes of a version are there: below the run or the model that made it, else where they always were. */
async function sourceOf(exporting: Exporting, version: ModelVersion) {
  const { origin } = exporting
  const run = version.runId === null ? undefined : exporting.runs.get(version.runId)
  const model = version.loggedModelId === null ? undefined : exporting.loggedModels.get(version.loggedModelId)
  const of = { runId: run?.id ?? null, modelId: model?.id ?? null }
  if (model) return { uri: model.artifactUri, ...of }
  const ownRun = version.runId === null ? undefined : await origin.tracking.runs.find(version.runId)
  const below = ownRun && pathBelow(version, ownRun.outPath, ownRun.id)
  if (run && below !== undefined) return { uri: [run.artifactUri, below].filter((part) => part !== '').join('/'), ...of }
  return { uri: version.source, ...of }
}

function pathBelow({ location, source }: ModelVersion, outPath: string, runId: string): string | undefined {
  const root = outPath.replace(/\/+$/, '')
  if (location === root || location.startsWith(`${root}/`)) return location.slice(root.length + 1)
  for (const address of [location, source]) {
    const found = new RegExp(`^(?:runs:/*${runId}|.*/${runId}/artifacts)(?:/(.*))?$`).exec(address)
    if (found) return found[1] ?? ''
  }
  return undefined
}
