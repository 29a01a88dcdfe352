import type { Reader } from '../database/index.ts'
import type { ModelVersion, RegisteredModel, VersionStatus } from './registry.ts'

/** Rows to records: one query per kind of thing for a whole page, in order of the given numbers. */
export async function loadModels(reader: Reader, numbers: readonly number[]): Promise<RegisteredModel[]> {
  if (numbers.length === 0) return []
  const { kysely } = reader
  const list = reader.dialect.numberList(numbers)
  const rows = await kysely
    .selectFrom('registered_models as m')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .select(['m.number', 'p.name as project', 'm.name', 'm.description', 'm.created_at', 'm.updated_at', 'm.created_by'])
    .where('m.number', 'in', list)
    .execute()
  const tags = await kysely.selectFrom('registered_model_tags').selectAll().where('model', 'in', list).orderBy('key').execute()
  const aliases = await kysely
    .selectFrom('model_aliases as a')
    .innerJoin('model_versions as v', 'v.number', 'a.version')
    .select(['a.model', 'a.alias', 'v.version'])
    .where('a.model', 'in', list)
    .orderBy('a.alias')
    .execute()
  const newest = await newestOfStages(reader, numbers)
  const latest = Map.groupBy(newest, (row) => row.model)
  const versions = new Map(
    (
      await loadVersions(
        reader,
        newest.map((row) => row.number),
      )
    ).map((version, at) => [newest[at]!.number, version]),
  )
  const tagsOf = Map.groupBy(tags, (tag) => tag.model)
  const aliasesOf = Map.groupBy(aliases, (alias) => alias.model)
  const records = new Map(
    rows.map((row) => [
      row.number,
      {
        project: row.project,
        name: row.name,
        description: row.description,
        createdAtMs: row.created_at,
        updatedAtMs: row.updated_at,
        createdBy: row.created_by,
        tags: entries(tagsOf.get(row.number), (tag) => [tag.key, tag.value]),
        aliases: entries(aliasesOf.get(row.number), (alias) => [alias.alias, alias.version]),
        latestVersions: (latest.get(row.number) ?? []).map((each) => versions.get(each.number)!),
      } satisfies RegisteredModel,
    ]),
  )
  return numbers.map((number) => records.get(number)!)
}

/** The newest live version of each stage of each model, in order of version. */
export async function newestOfStages(
  reader: Reader,
  models: readonly number[],
): Promise<{ number: number; model: number; stage: string }[]> {
  const { kysely } = reader
  const newest = kysely
    .selectFrom('model_versions')
    .select(({ fn }) => ['model', 'stage', fn.max('version').as('version')])
    .where('model', 'in', reader.dialect.numberList(models))
    .where('deleted_at', 'is', null)
    .groupBy(['model', 'stage'])
  return await kysely
    .selectFrom('model_versions as v')
    .innerJoin(newest.as('newest'), (join) =>
      join.onRef('newest.model', '=', 'v.model').onRef('newest.version', '=', 'v.version'),
    )
    .select(['v.number', 'v.model', 'v.stage'])
    .orderBy('v.model')
    .orderBy('v.version')
    .execute()
}

export async function loadVersions(reader: Reader, numbers: readonly number[]): Promise<ModelVersion[]> {
  if (numbers.length === 0) return []
  const { kysely } = reader
  const list = reader.dialect.numberList(numbers)
  const rows = await kysely
    .selectFrom('model_versions as v')
    .innerJoin('registered_models as m', 'm.number', 'v.model')
    .innerJoin('projects as p', 'p.number', 'm.project')
    .selectAll('v')
    .select(['m.name', 'p.name as project'])
    .where('v.number', 'in', list)
    .execute()
  const tags = await kysely.selectFrom('model_version_tags').selectAll().where('version', 'in', list).orderBy('key').execute()
  const aliases = await kysely
    .selectFrom('model_aliases')
    .select(['alias', 'version'])
    .where('version', 'in', list)
    .orderBy('alias')
    .execute()
  const tagsOf = Map.groupBy(tags, (tag) => tag.version)
  const aliasesOf = Map.groupBy(aliases, (alias) => alias.version)
  const records = new Map(
    rows.map((row) => [
      row.number,
      {
        project: row.project,
        name: row.name,
        version: row.version,
        source: row.source,
        location: row.location,
        runId: row.run_id,
        runLink: row.run_link,
        artifactId: row.artifact_id,
        loggedModelId: row.logged_model_id,
        description: row.description,
        stage: row.stage,
        status: row.status as VersionStatus,
        statusMessage: row.status_message,
        createdAtMs: row.created_at,
        updatedAtMs: row.updated_at,
        createdBy: row.created_by,
        tags: entries(tagsOf.get(row.number), (tag) => [tag.key, tag.value]),
        aliases: (aliasesOf.get(row.number) ?? []).map((alias) => alias.alias),
      } satisfies ModelVersion,
    ]),
  )
  return numbers.map((number) => records.get(number)!)
}

const entries = <Row, Value>(rows: readonly Row[] | undefined, entry: (row: Row) => [string, Value]): Record<string, Value> =>
  Object.fromEntries((rows ?? []).map(entry))

export async function loadModel(reader: Reader, number: number): Promise<RegisteredModel> {
  const [model] = await loadModels(reader, [number])
  return model!
}

export async function loadVersion(reader: Reader, number: number): Promise<ModelVersion> {
  const [version] = await loadVersions(reader, [number])
  return version!
}
