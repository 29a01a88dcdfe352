import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, extname, isAbsolute, join, sep } from 'node:path'
import { isAppError, type JsonObject } from '@trainyard/contract'
import { makeFolderSync } from '../base/make-folder.ts'
import {
  compareFunctions,
  type FunctionDocument,
  fromFunctionDocument,
  portableDocument,
  printFunctionFile,
} from '../functions/index.ts'
import { functionOf, type Place } from './take-project.ts'

/** An entry of `project.yaml`, with the files of the folder that belong to it. */
export interface WrittenEntry {
  entry: JsonObject
  files: Map<string, string>
}

/** Whether what an entry says lies in the folder itself: embedded, or in a file of it. */
export function isInFolder({ url, spec }: JsonObject): boolean {
  if (typeof url !== 'string') return typeof spec === 'object' && spec !== null
  return !/^[a-z][a-z0-9+.-]+:\/\//i.test(url) && !isAbsolute(url) && !url.split(/[\\/]/).includes('..')
}

/**
 * An entry as it must be for the folder to say what the records say: as it is where both agree, else with as little changed as will do: the
 * text of its script, what is said beside it, its copy. Where all that cannot say it (a notebook's code), it becomes a file of its own.
 */
export async function writtenEntry(
  entry: JsonObject,
  kept: { name: string; document: FunctionDocument },
  place: Place,
): Promise<WrittenEntry> {
  const { url } = entry
  const same = async (candidate: JsonObject, folder: string): Promise<boolean> =>
    agrees(await made(candidate, { ...place, folder }), kept.document)
  if (await same(entry, place.folder)) return { entry, files: new Map() }
  if (typeof url !== 'string') return { entry: { ...entry, spec: portableDocument(kept.document) }, files: new Map() }
  if (/\.ya?ml$/.test(url)) return { entry, files: new Map([[url, await printFunctionFile(portableDocument(kept.document))]]) }
  const { code } = fromFunctionDocument(kept.document)
  if (code !== undefined && /\.(?:py|[cm]?[jt]s)$/.test(url)) {
    const said = { ...entry, ...saidOf(kept.document) }
    const scratch = await mkdtemp(join(tmpdir(), 'trainyard-sync-'))
    try {
      makeFolderSync(dirname(join(scratch, url)))
      await writeFile(join(scratch, url), code)
      for (const candidate of [entry, said])
        if (await same(candidate, scratch)) return { entry: candidate, files: new Map([[url, code]]) }
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
  return await ownFile(kept)
}

/**
 * An entry for a function that the project does not describe yet: its script where that lies in the folder, and the script with what may
 * stand beside it says all there is; else a file of its own, with the code in it.
 */
export async function unlistedEntry(kept: { name: string; document: FunctionDocument }, place: Place): Promise<WrittenEntry> {
  const { code, codeFile } = fromFunctionDocument(kept.document)
  const scripts = code === undefined || codeFile === undefined ? [] : scriptsOf({ code, codeFile }, place.folder)
  for (const url of scripts) {
    const entry = { url, name: kept.name }
    for (const candidate of [entry, { ...entry, ...saidOf(kept.document) }])
      if (agrees(await made(candidate, place), kept.document)) return { entry: candidate, files: new Map() }
  }
  return await ownFile(kept)
}

/** So many scripts of other names are looked at: a folder may hold a tree of them. */
const mostLookedAt = 2000

/**
 * Files of that name, or notebooks whose code would have it, then scripts of that language with the same code, which were renamed: the
 * nearest to the folder first.
 */
function scriptsOf({ code, codeFile }: { code: string; codeFile: string }, folder: string): string[] {
  const names = new Set([codeFile, codeFile.replace(/\.py$/, '.ipynb')])
  const depth = (path: string): number => path.split('/').length
  const near = globSync('**/*', { cwd: folder, exclude: (name) => leftOut.has(name) || name.startsWith('.') })
    .filter((path) => names.has(basename(path)) || extname(path) === extname(codeFile))
    .map((path) => path.split(sep).join('/'))
    .toSorted((one, other) => depth(one) - depth(other) || (one < other ? -1 : 1))
  const isNamed = (path: string): boolean => names.has(basename(path))
  const renamed = near
    .filter((path) => !isNamed(path))
    .slice(0, mostLookedAt)
    .filter((path) => holds(join(folder, path), code))
  return [...near.filter(isNamed), ...renamed]
}

function holds(path: string, text: string): boolean {
  try {
    const stats = statSync(path)
    return stats.isFile() && stats.size === Buffer.byteLength(text) && readFileSync(path, 'utf8') === text
  } catch {
    // A link in a circle, a file of another user: what cannot be read is not referred to.
    return false
  }
}

/** Folders of installed packages: no code of the project. */
const leftOut = new Set(['node_modules', 'venv', '__pycache__', 'site-packages'])

/** A function that nothing of the folder says. */
async function ownFile({ name, document }: { name: string; document: FunctionDocument }): Promise<WrittenEntry> {
  const url = `functions/${name}.yaml`
  return { entry: { url, name }, files: new Map([[url, await printFunctionFile(portableDocument(document))]]) }
}

/** What an entry describes; undefined where that is not there, or cannot be read. */
async function made(entry: JsonObject, place: Place): Promise<FunctionDocument | undefined> {
  const { url } = entry
  if (typeof url === 'string' && !existsSync(join(place.folder, url))) return undefined
  try {
    return await functionOf(entry, place)
  } catch (error) {
    if (isAppError(error, 'invalid_argument')) return undefined
    throw error
  }
}

function agrees(one: FunctionDocument | undefined, other: FunctionDocument): boolean {
  if (one === undefined) return false
  const { fields, code } = compareFunctions(portableDocument(one), portableDocument(other))
  const [file, otherFile] = [one, other].map((each) => fromFunctionDocument(each).codeFile)
  // A script that was renamed says the same as long as its ending tells the same language.
  const isRenamed = file !== undefined && otherFile !== undefined && extname(file) === extname(otherFile)
  return fields.every(({ path }) => isRenamed && path === 'spec.build.origin_filename') && code.length === 0
}

/** What may stand beside a script, as the function has it now. */
function saidOf(document: FunctionDocument): JsonObject {
  const { kind, image, handler, requirements } = fromFunctionDocument(document)
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(image === undefined ? {} : { image }),
    ...(handler === undefined ? {} : { handler }),
    ...(requirements === undefined ? {} : { requirements }),
  }
}
