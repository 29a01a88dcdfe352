import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceModel, SourceVersion, Unread } from '../source.ts'
import { foldersIn, orUnread, textsIn } from './folder-files.ts'
import { readMeta } from './folder-records.ts'
import { loggedModelOf, versionStatusOf } from './rest-messages.ts'
import { filledText, numberOf, optionalNumber, optionalText, textOf } from './wire-fields.ts'

/** The registry beside the runs: `models/<name>/version-<number>`. */
export async function* readModels(root: string): AsyncGenerator<SourceModel | Unread> {
  for (const { name } of await foldersIn(root)) {
    const folder = join(root, name)
    if (!existsSync(join(folder, 'meta.yaml'))) continue
    yield await orUnread(name, () => readModel(folder))
  }
}

async function readModel(folder: string): Promise<SourceModel> {
  const meta = await readMeta(folder)
  const createdAtMs = numberOf(meta, 'creation_timestamp')
  const aliases = Object.entries(await textsIn(join(folder, 'aliases')))
  return {
    name: textOf(meta, 'name'),
    description: filledText(meta, 'description'),
    createdAtMs,
    updatedAtMs: optionalNumber(meta, 'last_updated_timestamp') ?? createdAtMs,
    tags: await textsIn(join(folder, 'tags')),
    aliases: Object.fromEntries(aliases.map(([alias, version]) => [alias, Number(version)])),
    versions: await readVersions(folder),
  }
}

async function readVersions(model: string): Promise<SourceVersion[]> {
  const versions: SourceVersion[] = []
  for (const { name } of await foldersIn(model)) {
    const folder = join(model, name)
    if (!/^version-\d+$/.test(name) || !existsSync(join(folder, 'meta.yaml'))) continue
    const meta = await readMeta(folder)
    const stage = textOf(meta, 'current_stage') || 'None'
    // What was deleted keeps its folder, under a stage that no living one has.
    if (stage === 'Deleted_Internal') continue
    const createdAtMs = numberOf(meta, 'creation_timestamp')
    const source = textOf(meta, 'source')
    versions.push({
      name: textOf(meta, 'name'),
      version: numberOf(meta, 'version'),
      source,
      storageLocation: filledText(meta, 'storage_location'),
      runId: filledText(meta, 'run_id'),
      runLink: filledText(meta, 'run_link'),
      loggedModelId: filledText(meta, 'model_id') ?? loggedModelOf(source),
      description: filledText(meta, 'description'),
      stage,
      status: versionStatusOf(optionalText(meta, 'status')),
      statusMessage: filledText(meta, 'status_message'),
      createdAtMs,
      updatedAtMs: optionalNumber(meta, 'last_updated_timestamp') ?? createdAtMs,
      owner: textOf(meta, 'user_id'),
      tags: await textsIn(join(folder, 'tags')),
    })
  }
  return versions
}
