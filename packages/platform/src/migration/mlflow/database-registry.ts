import type { SourceModel, SourceVersion } from '../source.ts'
import { type DatabaseTables, groupBy } from './database-tables.ts'
import { loggedModelOf, versionStatusOf } from './rest-messages.ts'
import type { SqlRow } from './sql-reader.ts'
import { filledText, numberOf, optionalNumber, optionalText, pairsOf, textOf } from './wire-fields.ts'

export async function* readDatabaseModels(tables: DatabaseTables): AsyncGenerator<SourceModel> {
  if (!tables.has('registered_models')) return
  const ours = async (table: string) =>
    groupBy(tables.has(table) ? (await tables.all(table)).filter((row) => tables.isOurs(row)) : [], 'name')
  const [versions, tags] = [await ours('model_versions'), await ours('registered_model_tags')]
  const [aliases, versionTags] = [await ours('registered_model_aliases'), await ours('model_version_tags')]
  for (const row of (await tables.all('registered_models')).filter((each) => tables.isOurs(each))) {
    const name = textOf(row, 'name')
    const tagsByVersion = groupBy(versionTags.get(name) ?? [], 'version')
    const createdAtMs = numberOf(row, 'creation_time')
    yield {
      name,
      description: filledText(row, 'description'),
      createdAtMs,
      updatedAtMs: optionalNumber(row, 'last_updated_time') ?? createdAtMs,
      tags: pairsOf(tags.get(name) ?? []),
      aliases: Object.fromEntries((aliases.get(name) ?? []).map((each) => [textOf(each, 'alias'), numberOf(each, 'version')])),
      versions: (versions.get(name) ?? [])
        // What was deleted keeps its row, under a stage that no living one has.
        .filter((version) => textOf(version, 'current_stage') !== 'Deleted_Internal')
        .map((version) => toVersion(version, tagsByVersion.get(textOf(version, 'version')) ?? [])),
    }
  }
}

function toVersion(row: SqlRow, tagRows: readonly SqlRow[]): SourceVersion {
  const createdAtMs = numberOf(row, 'creation_time')
  const source = textOf(row, 'source')
  const tags = pairsOf(tagRows)
  return {
    name: textOf(row, 'name'),
    version: numberOf(row, 'version'),
    source,
    storageLocation: filledText(row, 'storage_location'),
    runId: filledText(row, 'run_id'),
    runLink: filledText(row, 'run_link'),
    loggedModelId: loggedModelOf(source) ?? tags['mlflow.model_id'] ?? null,
    description: filledText(row, 'description'),
    stage: textOf(row, 'current_stage') || 'None',
    status: versionStatusOf(optionalText(row, 'status')),
    statusMessage: filledText(row, 'status_message'),
    createdAtMs,
    updatedAtMs: optionalNumber(row, 'last_updated_time') ?? createdAtMs,
    owner: textOf(row, 'user_id'),
    tags,
  }
}
