import { isJsonObject, type JsonObject } from '@trainyard/contract'
import { readFile } from 'node:fs/promises'
import type { HubItem } from '../../hub/index.ts'
import { mediaTypeOf } from '../bytes/media-types.ts'
import { servedItemPath } from '../served-items.ts'
import { invalid, missing } from './errors.ts'
import { hubSource, pathFor } from './hub.ts'
import { objectAt, textOf } from './json.ts'
import { Answer, type MlrunCall, type MlrunContext, type Route, route } from './route.ts'

/** What the sources of the hub have. Read anew each time: nothing is kept that `force-refresh` would have to forget. */
export const hubItemRoutes: readonly Route[] = [
  route('GET', 'hub/sources/:source/items', catalogue),
  route('GET', 'hub/sources/:source/items/:item', async (context, call) => toItem(await itemOf(context, call))),
  route('GET', 'hub/sources/:source/items/:item/assets/:asset', async (context, call) => {
    const item = await itemOf(context, call)
    const asset = call.params['asset']!
    const path = Object.hasOwn(item.assets, asset) ? item.assets[asset] : undefined
    if (path === undefined)
      throw missing(
        `The item ${item.name} has no asset ${asset.slice(0, 60)}; it has ${Object.keys(item.assets).join(', ') || 'none'}.`,
      )
    return await answerFile(context, item, path)
  }),
  route('GET', 'hub/sources/:source/item-object', itemObject),
  route('GET', servedItemPath, async (context, call) => {
    const item = await itemOf(context, call, call.params['tag'])
    const file = call.params['file']!
    return file === 'function.yaml' ? await answerFunction(context, item) : await answerFile(context, item, file)
  }),
]

async function catalogue(context: MlrunContext, call: MlrunCall): Promise<JsonObject> {
  refuseOtherTypes(call)
  const source = await hubSource(context, call.params['source']!)
  const [tag, version] = [call.query.text('tag'), call.query.text('version')]
  const items = (await context.hub.versions(source.name)).filter(
    (item) => (tag === undefined || item.tag === tag) && (version === undefined || item.version === version),
  )
  return { kind: 'HubCatalog', channel: source.channel, catalog: items.map(toItem) }
}

function refuseOtherTypes({ query }: MlrunCall): void {
  const type = query.text('object-type', 'item-type') ?? 'functions'
  if (type !== 'functions')
    throw invalid(
      `The ${type.slice(0, 20)} of hubs are not listed here, only their functions; the client downloads the others itself.`,
    )
}

async function itemOf({ hub }: MlrunContext, call: MlrunCall, tag?: string): Promise<HubItem> {
  refuseOtherTypes(call)
  const { source, item } = call.params
  return await hub.find(`hub://${source}/${item}:${tag ?? call.query.text('version') ?? call.query.text('tag') ?? 'latest'}`)
}

const toItem = (item: HubItem): JsonObject => ({
  kind: 'HubItem',
  metadata: {
    name: item.name,
    source: 'functions',
    description: item.description,
    labels: item.labels,
    annotations: {},
    version: item.version,
    tag: item.tag === item.version ? null : item.tag,
  },
  spec: {
    item_uri: `${item.name}/${item.tag}/`,
    assets: item.assets,
    categories: item.categories,
    requirements: item.requirements,
    example: item.example,
  },
  status: { state: 'created' },
})

/** One of the files that a catalogue names, by its whole address. */
async function itemObject(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const url = call.query.text('url')
  if (url === undefined) throw invalid("The parameter 'url' is missing: name the file of the item.")
  const source = await hubSource(context, call.params['source']!)
  const prefix = `${pathFor(call, source)}/functions/${source.channel}/`
  const [item, tag, ...path] = url.slice(prefix.length).split('/')
  if (!url.startsWith(prefix) || item === undefined || tag === undefined || path.length === 0)
    throw invalid(`The address of a file of the hub ${source.name} begins with ${prefix}<item>/<version>/.`)
  const found = await context.hub.find(`hub://${source.name}/${item}:${tag}`)
  return await answerFile(context, found, path.join('/'))
}

async function answerFile({ hub }: MlrunContext, item: HubItem, path: string): Promise<Answer> {
  const text = await hub.read(item, path)
  if (text === undefined) throw missing(`The item ${item.name} of the hub ${item.source} has no file ${path.slice(0, 120)}.`)
  return new Answer(200, text, { 'content-type': mediaTypeOf(path) })
}

/** With its code within: the client takes this file alone. */
async function answerFunction(context: MlrunContext, item: HubItem): Promise<Answer> {
  const { document, script } = await context.hub.fetch(item)
  const build = objectAt(document, 'spec', 'build')
  if (textOf(build['functionSourceCode']) !== undefined) return await answerFile(context, item, 'function.yaml')
  const spec = isJsonObject(document['spec']) ? document['spec'] : {}
  const code = (await readFile(script)).toString('base64')
  // JSON is YAML.
  const whole = { ...document, spec: { ...spec, command: '', build: { ...build, functionSourceCode: code } } }
  return new Answer(200, JSON.stringify(whole), { 'content-type': mediaTypeOf('function.yaml') })
}
