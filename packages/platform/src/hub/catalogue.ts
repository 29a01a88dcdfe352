import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { parseYamlText } from '../base/yaml-text.ts'
import type { HubItem, HubSource } from './hub.ts'
import { fetchText, readText } from './read-text.ts'

/** The versions of each item of a source, `latest` among them, by the item's name. */
export type Catalogue = Map<string, Map<string, HubItem>>

/**
 * Reads the catalogue of a source that lies at `root` (a folder of this machine, or an address): MLRun's layout
 * (`functions/<channel>/catalog.json` with `<item>/<version>/src/` beside it), or a plain folder of items (`<item>/function.yaml`).
 */
export async function readCatalogue(source: HubSource, root: string): Promise<Catalogue> {
  return /^https?:/.test(root) ? await readDistant(source, root) : await readLocal(source, root)
}

async function readDistant(source: HubSource, root: string): Promise<Catalogue> {
  const published = `${root}/functions/${encodeURIComponent(source.channel)}`
  const text = await fetchText(`${published}/catalog.json`)
  if (text !== undefined)
    return fromCatalogue(source, parseJson(text, `${published}/catalog.json`), (name, tag) => `${published}/${name}/${tag}/src`)
  const plain = await fetchText(`${root}/catalog.json`)
  if (plain !== undefined) return fromCatalogue(source, parseJson(plain, `${root}/catalog.json`), (name) => `${root}/${name}`)
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
    return fromCatalogue(source, parseJson(readText(path), path), (name, tag) => join(published, name, tag, 'src'))
  const items: Catalogue = new Map()
  for (const folder of [root, join(root, 'functions', 'src')].filter((each) => existsSync(each)))
    for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory())) {
      if (!existsSync(join(folder, name, 'function.yaml'))) continue
      const file = join(folder, name, 'item.yaml')
      const told = existsSync(file) ? await parseYamlText(readText(file), file) : { name }
      addVersions(items, source, { name, versions: { latest: told }, location: () => join(folder, name) })
    }
  if (items.size === 0) throw noCatalogue(source)
  return items
}

function fromCatalogue(source: HubSource, content: JsonValue, location: (name: string, tag: string) => string): Catalogue {
  const items: Catalogue = new Map()
  if (!isJsonObject(content)) throw noCatalogue(source)
  for (const [name, versions] of Object.entries(content))
    if (isJsonObject(versions)) addVersions(items, source, { name, versions, location: (tag) => location(name, tag) })
  return items
}

function addVersions(
  items: Catalogue,
  source: HubSource,
  { name, versions, location }: { name: string; versions: JsonObject; location: (tag: string) => string },
): void {
  const known = new Map<string, HubItem>()
  const numbers = Object.entries(versions).map(([tag, told]) =>
    isJsonObject(told) && typeof told['version'] === 'string' ? told['version'] : tag,
  )
  for (const [tag, told] of Object.entries(versions)) {
    if (!isJsonObject(told)) continue
    const item = toItem(source, { name, tag, told, location: location(tag) })
    known.set(tag, { ...item, versions: Array.from(new Set(numbers)) })
    // A plain folder has one version, which is found by its number too.
    if (!known.has(item.version)) known.set(item.version, { ...known.get(tag)!, tag: item.version })
  }
  if (known.size > 0) items.set(name.replaceAll('-', '_'), known)
}

function toItem(
  source: HubSource,
  { name, tag, told, location }: { name: string; tag: string; told: JsonObject; location: string },
): HubItem {
  const spec = isJsonObject(told['spec']) ? told['spec'] : {}
  const text = (value: JsonValue | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null)
  const texts = (value: JsonValue | undefined): string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
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
    location,
    filename: text(spec['filename']),
  }
}

function parseJson(text: string, source: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    throw new AppError('invalid_argument', `${source} is no JSON.`, { cause: error })
  }
}
