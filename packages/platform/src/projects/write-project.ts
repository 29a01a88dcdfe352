import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { JsonObject } from '@trainyard/contract'
import { makeFolderSync } from '../base/make-folder.ts'
import { type FunctionDocument, portableDocument, printFunctionFile } from '../functions/index.ts'
import type { ProjectRecord } from '../tracking/index.ts'
import { isObject, printProjectFile, projectFileName } from './project-file.ts'

export interface Writable {
  project: ProjectRecord
  /** The functions of the project as they are now. */
  functions: { name: string; document: FunctionDocument }[]
  /** Names of its secrets: values are never written. */
  secrets: readonly string[]
}

/**
 * The files of a project: `project.yaml`, and `functions/<name>.yaml` for each function that it does not describe itself. The same records
 * give the same texts, so that Git shows what has changed.
 */
export async function filesOf({ project, functions, secrets }: Writable): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const listed = Array.isArray(project.spec['functions']) ? project.spec['functions'].filter(isObject) : []
  const entries: JsonObject[] = [...listed]
  for (const { name, document } of functions.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const url = `functions/${name}.yaml`
    const known = listed.find((entry) => entry['name'] === name)
    // One that says itself where its code lies stays as it is said.
    if (known !== undefined && known['url'] !== url) continue
    files.set(url, await printFunctionFile(portableDocument(document)))
    if (known === undefined) entries.push({ url, name })
  }
  const spec: JsonObject = {
    ...project.spec,
    ...(entries.length === 0 ? {} : { functions: entries }),
    ...(secrets.length === 0 ? {} : { secrets: [...secrets] }),
  }
  files.set(projectFileName, await printProjectFile({ name: project.name, metadata: project.metadata, spec }))
  return files
}

/** Writes those files into a folder, which is made when missing; other files in it are left alone. The paths that were written. */
export async function writeProject(writable: Writable, folder: string): Promise<string[]> {
  const files = await filesOf(writable)
  for (const [path, text] of files) {
    makeFolderSync(dirname(join(folder, path)))
    await writeFile(join(folder, path), text)
  }
  return [...files.keys()]
}
