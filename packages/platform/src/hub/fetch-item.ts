import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { parseFunctionText } from '../functions/index.ts'
import { namePattern } from './hub-reference.ts'
import type { HubFunction, HubItem } from './hub.ts'
import { type FetchText, readText } from './read-text.ts'

export interface ItemReading {
  cacheFolder: string
  fetchText: FetchText
}

/** Reads an item's definition and lays its code out as a file, by its content: the same code is the same file. */
export async function fetchItem(item: HubItem, { cacheFolder, fetchText }: ItemReading): Promise<HubFunction> {
  const place = fileOf(item, 'function.yaml')
  const read = (name: string): Promise<string | undefined> => readItemFile(item, name, fetchText)
  const text = await read('function.yaml')
  if (text === undefined)
    throw new AppError('not_found', `The item ${item.name} of the hub ${item.source} has no function.yaml (${place}).`)
  const document = await parseFunctionText(text, place)
  const spec = isJsonObject(document['spec']) ? document['spec'] : {}
  const build = isJsonObject(spec['build']) ? spec['build'] : {}
  const handler = spec['default_handler']
  return {
    item,
    document,
    script: await writeCode(item, await codeOf(item, { spec, build }, read), cacheFolder),
    handler: item.handler ?? (typeof handler === 'string' && handler !== '' ? handler : null),
    requirements: item.requirements.length > 0 ? item.requirements : textsOf(build['requirements']),
    documentation: (await read('README.md')) ?? null,
  }
}

/** `name` beside `function.yaml`, or, with folders before it, below the folder of the version in MLRun's layout. */
function fileOf({ location }: HubItem, name: string): string {
  const folder = name.includes('/') ? location.replace(/\/src$/, '') : location
  return /^https?:/.test(folder) ? [folder, ...name.split('/').map(encodeURIComponent)].join('/') : join(folder, name)
}

/** One of the files of an item, by its name or as one of its assets is written; undefined where there is none. */
export async function readItemFile(item: HubItem, written: string, fetchText: FetchText): Promise<string | undefined> {
  const name = written.replace(/^src\//, '')
  if (!name.split('/').every((part) => namePattern.test(part))) return undefined
  const place = fileOf(item, name)
  if (/^https?:/.test(place)) return await fetchText(place)
  if (!existsSync(place)) return undefined
  return readText(place, item.root)
}

const textsOf = (value: JsonValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

/** As the definition embeds it, else the file beside it. */
async function codeOf(
  item: HubItem,
  { spec, build }: { spec: JsonObject; build: JsonObject },
  read: (name: string) => Promise<string | undefined>,
): Promise<string> {
  const { functionSourceCode: embedded } = build
  if (typeof embedded === 'string' && embedded !== '') return Buffer.from(embedded, 'base64').toString('utf8')
  const { command } = spec
  const named = item.filename ?? (typeof command === 'string' && command !== '' ? command : `${item.name}.py`)
  const name = basename(named)
  const text = await read(name)
  if (text === undefined)
    throw new AppError(
      'not_found',
      `The item ${item.name} of the hub ${item.source} has no code: there is no ${name} beside its function.yaml.`,
    )
  return text
}

async function writeCode(item: HubItem, code: string, cacheFolder: string): Promise<string> {
  const hash = createHash('sha256').update(code).digest('hex').slice(0, 24)
  const folder = join(cacheFolder, `hub-${hash}`)
  const script = join(folder, `${item.name}.py`)
  if (existsSync(script)) return script
  await mkdir(folder, { recursive: true })
  const fresh = `${script}.${process.pid}`
  await writeFile(fresh, code)
  await rename(fresh, script)
  return script
}
