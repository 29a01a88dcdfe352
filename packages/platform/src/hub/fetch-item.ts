import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { parseFunctionText } from '../functions/index.ts'
import type { HubFunction, HubItem } from './hub.ts'
import { fetchText, readText } from './read-text.ts'

/** Reads an item's definition and lays its code out as a file, by its content: the same code is the same file. */
export async function fetchItem(item: HubItem, cacheFolder: string): Promise<HubFunction> {
  const place = fileOf(item, 'function.yaml')
  const text = await read(place)
  if (text === undefined)
    throw new AppError('not_found', `The item ${item.name} of the hub ${item.source} has no function.yaml (${place}).`)
  const document = await parseFunctionText(text, place)
  const spec = isJsonObject(document['spec']) ? document['spec'] : {}
  const build = isJsonObject(spec['build']) ? spec['build'] : {}
  const handler = spec['default_handler']
  return {
    item,
    document,
    script: await writeCode(item, await codeOf(item, { spec, build }), cacheFolder),
    handler: item.handler ?? (typeof handler === 'string' && handler !== '' ? handler : null),
    requirements: item.requirements.length > 0 ? item.requirements : textsOf(build['requirements']),
    documentation: (await read(fileOf(item, 'README.md'))) ?? null,
  }
}

const fileOf = ({ location }: HubItem, name: string): string =>
  /^https?:/.test(location) ? `${location}/${encodeURIComponent(name)}` : join(location, name)

const read = async (place: string): Promise<string | undefined> => {
  if (/^https?:/.test(place)) return await fetchText(place)
  return existsSync(place) ? readText(place) : undefined
}

const textsOf = (value: JsonValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

/** As the definition embeds it, else the file beside it. */
async function codeOf(item: HubItem, { spec, build }: { spec: JsonObject; build: JsonObject }): Promise<string> {
  const { functionSourceCode: embedded } = build
  if (typeof embedded === 'string' && embedded !== '') return Buffer.from(embedded, 'base64').toString('utf8')
  const { command } = spec
  const named = item.filename ?? (typeof command === 'string' && command !== '' ? command : `${item.name}.py`)
  const name = basename(named)
  const text = await read(fileOf(item, name))
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
