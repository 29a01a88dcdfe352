import { isJsonObject, type JsonObject } from '@trainyard/contract'
import { documentIn } from './document-in.ts'
import { invalid, missing } from './errors.ts'
import { objectAt } from './json.ts'
import { Answer, type MlrunContext, noContent, type Route, route } from './route.ts'
import { findRecord, listRecords, nameIn, putRecord, removeRecord } from './stored-records.ts'

const source = { kind: 'hub-source', what: 'hub source' }
/** Sources belong to no project of their own. */
const project = 'default'

/** The public catalogue of its makers, which its client reads by itself. */
const publicSource: JsonObject = {
  index: -1,
  source: {
    kind: 'HubSource',
    metadata: { name: 'default', description: 'MLRun hub', labels: {} },
    spec: { path: 'https://mlrun.github.io/marketplace', channel: 'master', credentials: {}, object_type: 'functions' },
    status: { state: 'created' },
  },
}

/** In the order in which they are looked through. */
async function sources(context: MlrunContext): Promise<JsonObject[]> {
  const found = await listRecords(context, source, project)
  const indexOf = ({ index }: JsonObject): number => (typeof index === 'number' && index >= 0 ? index : Number.MAX_SAFE_INTEGER)
  return [...found.toSorted((left, right) => indexOf(left) - indexOf(right)), publicSource]
}

export const hubRoutes: readonly Route[] = [
  route('GET', 'hub/sources', async (context) => sources(context)),
  route('GET', 'hub/sources/:name', async (context, { params: { name = '' } }) => {
    const found = name === 'default' ? publicSource : await findRecord(context, source, { project, name })
    if (!found) throw missing(`The hub source ${name} was not found.`)
    return found
  }),
  route('POST', 'hub/sources', async (context, call) => {
    const body = documentIn(call, 'a hub source')
    const name = nameIn(body, 'source', 'metadata', 'name')
    return new Answer(201, await putRecord(context, source, { project, name, body: numbered(body) }))
  }),
  route('PUT', 'hub/sources/:name', async (context, call) =>
    putRecord(context, source, { project, name: call.params['name']!, body: numbered(documentIn(call, 'a hub source')) }),
  ),
  route('DELETE', 'hub/sources/:name', async (context, { params: { name = '' } }) => {
    await removeRecord(context, source, { project, name })
    return noContent()
  }),
]

/** A new one is looked through first unless it says otherwise. */
const numbered = (body: JsonObject): JsonObject => {
  const { index } = body
  if (!isJsonObject(body['source'])) throw invalid("The hub source has no 'source'; give it as an object with metadata and spec.")
  // They would be shown to everybody who lists the sources.
  if (Object.keys(objectAt(body, 'source', 'spec', 'credentials')).length > 0)
    throw invalid('Hub sources with credentials are not kept here: name an address that needs none, and send no credentials.')
  return {
    ...body,
    index: typeof index === 'number' && index > 0 ? index : 1,
  }
}
