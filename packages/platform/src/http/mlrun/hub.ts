import { isJsonObject, type JsonObject } from '@trainyard/contract'
import { checkHubSource, type HubSource } from '../../hub/index.ts'
import { parseGitSource } from '../../functions/index.ts'
import { ownOrigin } from '../own-origin.ts'
import { servedHubPath } from '../served-items.ts'
import { documentIn } from './document-in.ts'
import { invalid, missing, MlrunError } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { Answer, type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'
import { findRecord, nameIn, putRecord, removeRecord } from './stored-records.ts'

const stored = { kind: 'hub-source', what: 'hub source' }
/** Sources belong to no project of their own. */
const project = 'default'

export const hubRoutes: readonly Route[] = [
  route('GET', 'hub/sources', async (context, call) =>
    Promise.all((await askedSources(context, call)).map((source) => toSource(context, call, source))),
  ),
  route('GET', 'hub/sources/:name', async (context, call) =>
    toSource(context, call, await hubSource(context, call.params['name']!)),
  ),
  route('POST', 'hub/sources', async (context, call) => {
    const body = documentIn(call, 'a hub source')
    return new Answer(201, await put(context, call, nameIn(body, 'source', 'metadata', 'name'), body))
  }),
  route('PUT', 'hub/sources/:name', async (context, call) =>
    put(context, call, call.params['name']!, documentIn(call, 'a hub source')),
  ),
  route('DELETE', 'hub/sources/:name', async (context, { params: { name = '' } }) => {
    await ownSource(context, name)
    await removeRecord(context, stored, { project, name })
    return noContent()
  }),
]

export async function hubSource({ hub }: MlrunContext, name: string): Promise<HubSource> {
  const sources = await hub.sources()
  const found = sources.find((each) => each.name === name)
  if (!found)
    throw missing(`The hub source ${name.slice(0, 80)} was not found; there are ${sources.map((each) => each.name).join(', ')}.`)
  return found
}

/**
 * In the order in which they are looked through; where an item is named, the one that has it: the client takes the first and downloads
 * without looking. One that cannot be asked from here may still be reached from there.
 */
async function askedSources({ hub }: MlrunContext, { query }: MlrunCall): Promise<readonly HubSource[]> {
  const sources = await hub.sources()
  const name = query.text('item-name')
  if (name === undefined) return sources
  // Modules and steps of the model monitoring: hubs that are read here have functions.
  if ((query.text('item-type') ?? 'functions') !== 'functions') return sources.filter(isReadByClients)
  const tag = query.text('tag') ?? query.text('version')
  const found = await hub.look(tag === undefined ? name : `${name}:${tag}`)
  if (found.item !== undefined) return sources.filter((each) => each.name === found.item.source)
  if (found.unreachable.length === 0) throw found.reason
  return found.unreachable
}

/** Not folders of the server's machine, and no repositories: their items are downloaded from this server. */
const isReadByClients = ({ path }: HubSource): boolean =>
  /^[a-z][\w+.-]*:\/\//i.test(path) && !path.startsWith('file://') && parseGitSource(path) === undefined

/** Where a client finds the items of a source. */
export const pathFor = (call: MlrunCall, source: HubSource): string =>
  isReadByClients(source) ? source.path.replace(/\/+$/, '') : ownOrigin(call.headers) + servedHubPath(source.name)

async function toSource(context: MlrunContext, call: MlrunCall, source: HubSource): Promise<JsonObject> {
  const { name, description, channel } = source
  const path = pathFor(call, source)
  const known = source.isBuiltIn ? undefined : await findRecord(context, stored, { project, name })
  if (known !== undefined) {
    const about = objectAt(known, 'source')
    return { ...known, source: { ...about, spec: { ...objectAt(about, 'spec'), path } } }
  }
  return {
    index: -1,
    source: {
      kind: 'HubSource',
      metadata: { name, description, labels: {} },
      spec: { path, channel, credentials: {}, object_type: 'functions' },
      status: { state: 'created' },
    },
  }
}

async function put(context: MlrunContext, call: MlrunCall, name: string, body: JsonObject): Promise<JsonObject> {
  const known = await ownSource(context, name)
  const checked = checkedSource(name, body)
  const source = objectAt(checked, 'source')
  // What was read here and sent back: the address of this server stands for the place that is known.
  const spec = objectAt(source, 'spec')
  const isEcho = known !== undefined && spec['path'] === pathFor(call, known)
  const kept = isEcho ? { ...checked, source: { ...source, spec: { ...spec, path: known.path } } } : checked
  await putRecord(context, stored, { project, name, body: kept })
  return await toSource(context, call, await hubSource(context, name))
}

/** The one of that name that somebody added, if any. */
async function ownSource({ hub }: MlrunContext, name: string): Promise<HubSource | undefined> {
  const named = (await hub.sources()).filter((each) => each.name === name)
  if (named.some(({ isBuiltIn }) => isBuiltIn))
    throw new MlrunError(403, `The hub ${name} is always there: it is neither replaced nor removed.`)
  return named[0]
}

/** A new one is looked through first unless it says otherwise. */
function checkedSource(name: string, body: JsonObject): JsonObject {
  const { index } = body
  if (!isJsonObject(body['source'])) throw invalid("The hub source has no 'source'; give it as an object with metadata and spec.")
  const { path: writtenPath, channel = null } = objectAt(body, 'source', 'spec')
  const path = textOf(writtenPath)
  if (path === undefined)
    throw invalid("The hub source has no 'spec.path'; name an address, a Git repository or a folder of the server.")
  if (channel !== null && typeof channel !== 'string') throw invalid("The hub source's 'spec.channel' is a text, usually master.")
  checkHubSource({ name: name.slice(0, 80), path, channel: channel || 'master' })
  // They would be shown to everybody who lists the sources.
  if (Object.keys(objectAt(body, 'source', 'spec', 'credentials')).length > 0)
    throw invalid('Hub sources with credentials are not kept here: name an address that needs none, and send no credentials.')
  return {
    ...body,
    index: typeof index === 'number' && index > 0 ? index : 1,
  }
}
