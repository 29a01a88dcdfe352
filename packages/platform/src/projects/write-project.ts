import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { makeFolderSync } from '../base/make-folder.ts'
import { type FunctionDocument, fromFunctionDocument, normalizedFunctionName } from '../functions/index.ts'
import type { ProjectRecord } from '../tracking/index.ts'
import { isInFolder, unlistedEntry, writtenEntry } from './listed-function.ts'
import { withPortableArtifacts } from './listed-artifact.ts'
import { printProjectFile, type ProjectFile, projectFileName } from './project-file.ts'
import type { Place } from './take-project.ts'

export interface Writable {
  project: ProjectRecord
  /** The functions of the project as they are now. */
  functions: { name: string; document: FunctionDocument }[]
  /** Names of its secrets: values are never written. */
  secrets: readonly string[]
}

/** The folder a project is written into, and how its code is read there. */
export type WritePlace = Pick<Place, 'folder' | 'grounds'>

/** What is written of a project: its `project.yaml`, and the other files by their paths. */
export interface ProjectContent {
  file: ProjectFile
  files: Map<string, string>
}

/**
 * The files of a project as the folder must have them to say what the records say: `project.yaml`, the scripts and files that its entries
 * name where they differ from the functions that are kept, and for each function that it does not describe itself a reference to its script
 * where that lies in the folder, else `functions/<name>.yaml`.
 * What lies elsewhere (a hub, a repository, another project) stays as it is said. The same records give the same texts, so that Git shows
 * what has changed.
 */
export async function contentOf({ project, functions, secrets }: Writable, place: WritePlace): Promise<ProjectContent> {
  const files = new Map<string, string>()
  const file = { name: project.name, metadata: project.metadata, spec: project.spec }
  const listed = Array.isArray(project.spec['functions']) ? project.spec['functions'].filter(isJsonObject) : []
  const entries: JsonObject[] = [...listed]
  for (const kept of functions.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const at = listed.findIndex((entry) => nameOf(entry) === kept.name)
    const known = listed[at]
    if (known !== undefined && !isInFolder(known)) continue
    const written = await (known === undefined
      ? unlistedEntry(kept, { ...place, file })
      : writtenEntry(known, kept, { ...place, file }))
    if (known === undefined) entries.push(written.entry)
    else entries[at] = written.entry
    for (const [path, text] of written.files) files.set(path, text)
  }
  const spec: JsonObject = {
    ...project.spec,
    ...(entries.length === 0 ? {} : { functions: entries }),
    ...(secrets.length === 0 ? {} : { secrets: withWanted(secrets, project.spec['secrets']) }),
  }
  return { file: { ...file, spec: withPortableArtifacts(spec) }, files }
}

/** Those that the project asks for stay in it where they are not set here. */
const withWanted = (secrets: readonly string[], wanted: JsonValue | undefined): string[] => [
  ...new Set([...(Array.isArray(wanted) ? wanted.filter((name) => typeof name === 'string') : []), ...secrets]),
]

/** As it is called when it is loaded. */
function nameOf({ name, url, spec }: JsonObject): string | undefined {
  if (typeof name === 'string' && name !== '') return name
  if (isJsonObject(spec)) return fromFunctionDocument(spec).name
  const file = typeof url === 'string' ? /([^/]+?)(?:\.\w+)?$/.exec(url)?.[1] : undefined
  return file === undefined ? undefined : normalizedFunctionName(file)
}

/**
 * Writes those files, or `only` some of them, into a folder, which is made when missing; other files in it are left alone. The paths that
 * were written.
 * `invalid_argument`, with nothing written, where a link would lead one of them out of the folder.
 */
export async function writeProject(writable: Writable, place: WritePlace, only?: ReadonlySet<string>): Promise<string[]> {
  const { folder } = place
  const content = await contentOf(writable, place)
  const all = [...content.files, [projectFileName, await printProjectFile(content.file)] as const]
  const files = new Map(only === undefined ? all : all.filter(([path]) => only.has(path)))
  for (const path of files.keys()) refuseWayOut(folder, path)
  for (const [path, text] of files) {
    makeFolderSync(dirname(join(folder, path)))
    await writeFile(join(folder, path), text)
  }
  return [...files.keys()]
}

function refuseWayOut(folder: string, path: string): void {
  let at = folder
  for (const part of path.split(/[\\/]/)) {
    at = join(at, part)
    const stats = lstatSync(at, { throwIfNoEntry: false })
    if (stats === undefined) return
    if (stats.isSymbolicLink() && !leadsInto(folder, at))
      throw new AppError(
        'invalid_argument',
        `${path} is not written, as ${at} is a link that leads out of the project's folder: put a folder or file of its own there.`,
      )
  }
}

/** A link to nothing leads nowhere: what is written through it would be made wherever it points. */
const leadsInto = (folder: string, link: string): boolean =>
  existsSync(link) && `${realpathSync(link)}${sep}`.startsWith(`${realpathSync(folder)}${sep}`)
