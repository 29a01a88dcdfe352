import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { parseYamlText } from '../base/yaml-text.ts'
import { checkHubSource } from './check-source.ts'
import { namePattern } from './hub-reference.ts'
import type { HubItem, HubSource } from './hub.ts'
import { type FetchText, readText } from './read-text.ts'

/** The versions of each item of a source, `latest` among them, by the item's name. */
export type Catalogue = Map<string, Map<string, HubItem>>

/**
 * Reads the catalogue of a source that lies at `root` (a folder of this machine, or an address): MLRun's layout
 * (`functions/<channel>/catalog.json` with `<item>/<version>/src/` beside it), or a plain folder of items (`<item>/function.yaml`).
 */
export async function readCatalogue(source: HubSource, root: string, fetchText: FetchText): Promise<Catalogue> {
  checkHubSource(source)
  return /^https?:/.test(root) ? await readDistant(source, root, fetchText) : await readLocal(source, root)
}

async function readDistant(source: HubSource, root: string, fetchText: FetchText): Promise<Catalogue> {
  const published = `${root}/functions/${encodeURIComponent(source.channel)}`
  const text = await fetchText(`${published}/catalog.json`)
  if (text !== undefined)
    return fromCatalogue(
      { source, root },
      parseJson(text, `${published}/catalog.json`),
      (name, tag) => `${published}/${name}/${tag}/src`,
    )
  const plain = await fetchText(`${root}/catalog.json`)
  if (plain !== undefined)
    return fromCatalogue({ source, root }, parseJson(plain, `${root}/catalog.json`), (name) => `${root}/${name}`)
  throw noCatalogue(source)
}

const noCatalogue = (source: HubSource): AppError =>
  new AppError(
    'invalid_argument',
    `There is no catalogue of functions at ${source.path}: a hub has functions/${source.channel}/catalog.json, or folders with a function.yaml each.`,
  )

async function readLocal(source: HubSource, root: string): Promise<Catalogue> {
  const published = join(root, 'functions', source.channel)
  const path = join(published, 'catalog.json')
  if (existsSync(path))
    return fromCatalogue({ source, root }, parseJson(readText(path, root), path), (name, tag) =>
      join(published, name, tag, 'src'),
    )
  const items: Catalogue = new Map()
  for (const folder of [root, join(root, 'functions', 'src')].filter((each) => existsSync(each)))
    for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory())) {
      if (!existsSync(join(folder, name, 'function.yaml'))) continue
      const file = join(folder, name, 'item.yaml')
      const told = existsSync(file) ? await parseYamlText(readText(file, root), file) : { name }
      addVersions(items, { source, root }, { name, versions: { latest: told }, location: () => join(folder, name) })
    }
  if (items.size === 0) throw noCatalogue(source)
  return items
}

interface Origin {
  source: HubSource
  root: string
}

function fromCatalogue(origin: Origin, content: JsonValue, location: (name: string, tag: string) => string): Catalogue {
  const items: Catalogue = new Map()
  if (!isJsonObject(content)) throw noCatalogue(origin.source)
  for (const [name, versions] of Object.entries(content))
    if (isJsonObject(versions)) addVersions(items, origin, { name, versions, location: (tag) => location(name, tag) })
  return items
}

function addVersions(
  items: Catalogue,
  origin: Origin,
  { name, versions, location }: { name: string; versions: JsonObject; location: (tag: string) => string },
): void {
  const known = new Map<string, HubItem>()
  const numbers = Object.entries(versions).map(([tag, told]) =>
    isJsonObject(told) && typeof told['version'] === 'string' ? told['version'] : tag,
  )
  for (const [tag, told] of Object.entries(versions)) {
    // They are parts of paths.
    if (!isJsonObject(told) || ![name, tag].every((part) => namePattern.test(part))) continue
    const item = toItem(origin, { name, tag, told, location: location(tag) })
    known.set(tag, { ...item, versions: Array.from(new Set(numbers)) })
    // A plain folder has one version, which is found by its number too.
    if (!known.has(item.version)) known.set(item.version, { ...known.get(tag)!, tag: item.version })
  }
  if (known.size > 0) items.set(name.replaceAll('-', '_'), known)
}

function toItem(
  { source, root }: Origin,
  { name, tag, told, location }: { name: string; tag: string; told: JsonObject; location: string },
): HubItem {
  const spec = isJsonObject(told['spec']) ? told['spec'] : {}
  const text = (value: JsonValue | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null)
  const texts = (value: JsonValue | undefined): string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
  const filename = text(spec['filename'])
  const usualAssets = { function: 'src/function.yaml', source: `src/${filename ?? `${name.replaceAll('-', '_')}.py`}` }
  return {
    source: source.name,
    name: name.replaceAll('-', '_'),
    description: text(told['description']) ?? '',
    categories: texts(told['categories']),
    tag,
    version: text(told['version']) ?? tag,
    versions: [],
    kind: text(spec['kind']) ?? text(told['kind']) ?? 'job',
    handler: text(spec['handler']),
    requirements: texts(spec['requirements']),
    example: text(told['example']),
    labels: textMembers(told['labels']),
    assets: { ...usualAssets, ...textMembers(told['assets']) },
    location,
    root,
    filename,
  }
}

const textMembers = (value: JsonValue | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).filter((each): each is [string, string] => typeof each[1] === 'string'),
  )

function parseJson(text: string, source: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    throw new AppError('invalid_argument', `${source} is no JSON.`, { cause: error })
  }
}
