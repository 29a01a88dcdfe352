import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { diffLines, isJsonObject, type JsonObject, type JsonValue, type LineChange } from '@trainyard/contract'
import { compareFields, type FieldChange } from '../functions/index.ts'
import { type ProjectFile, projectFileName } from './project-file.ts'
import { contentOf, type Writable, type WritePlace } from './write-project.ts'

export interface ProjectDifference {
  path: string
  /** Where it is, or that both have it and differ. */
  state: 'only in the records' | 'differs'
  /** Of `project.yaml`: its fields that differ, before in the folder and after in the records; functions and artifacts by their names. */
  fields: FieldChange[]
  /** Of other files: their lines that differ. */
  lines: LineChange[]
}

/**
 * What `writeProject` would change in a folder, whose `project.yaml` says (with its setup, where that was run) what `said` holds. Empty
 * when the folder says what the records say, however it is written.
 */
export async function compareFolder(said: ProjectFile, writable: Writable, place: WritePlace): Promise<ProjectDifference[]> {
  const { file, files } = await contentOf(writable, place)
  const found: ProjectDifference[] = []
  const fields = compareFields(comparable(said), comparable(file))
  if (fields.length > 0) found.push({ path: projectFileName, state: 'differs', fields, lines: [] })
  for (const [path, text] of files) {
    const there = join(place.folder, path)
    const before = existsSync(there) ? readFileSync(there, 'utf8') : undefined
    if (before === undefined) found.push({ path, state: 'only in the records', fields: [], lines: [] })
    else if (before !== text) found.push({ path, state: 'differs', fields: [], lines: diffLines(before, text) })
  }
  return found
}

function comparable({ metadata: { name: _name, created: _created, ...metadata }, spec }: ProjectFile): JsonObject {
  const lists = ['functions', 'workflows', 'artifacts'].flatMap((name) => {
    const named = byName(spec[name])
    return named === undefined ? [] : [[name, named] as const]
  })
  return { metadata, spec: { ...spec, ...Object.fromEntries(lists) } }
}

/** A list of tables as a table of them, so that a change is told by the entry's name; undefined for what is none. */
function byName(list: JsonValue | undefined): JsonObject | undefined {
  if (!Array.isArray(list) || !list.every(isJsonObject)) return undefined
  const named: JsonObject = {}
  for (const [at, entry] of list.entries()) {
    const { name = entry['key'] ?? (isJsonObject(entry['metadata']) ? entry['metadata']['key'] : undefined) ?? entry['url'] } =
      entry
    named[typeof name === 'string' && !(name in named) ? name : String(at)] = entry
  }
  return named
}
