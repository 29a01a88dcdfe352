import type { JsonObject } from '@trainyard/contract'
import { documentIn } from './document-in.ts'
import { invalid, missing } from './errors.ts'
import { hasLabels, meets } from './query.ts'
import { labelsOf, objectAt, textOf } from './json.ts'
import { Answer, type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'
import {
  findRecord,
  getRecord,
  listRecords,
  merged,
  nameIn,
  newUid,
  putRecord,
  removeRecord,
  type StoredKind,
} from './stored-records.ts'

const endpoint = { kind: 'model-endpoint', what: 'model endpoint' }
const profile = { kind: 'datastore-profile', what: 'datastore profile' }
const gateway = { kind: 'api-gateway', what: 'API gateway' }

const at = ({ params: { project = '', name = '' } }: MlrunCall): { project: string; name: string } => ({ project, name })

/** Reads, replaces and removes documents under one name. */
const stored = (path: string, kind: StoredKind): Route[] => [
  route('GET', `projects/:project/${path}/:name`, (context, call) => getRecord(context, kind, at(call))),
  route('DELETE', `projects/:project/${path}/:name`, async (context, call) => {
    await removeRecord(context, kind, at(call))
    return noContent()
  }),
]

const nameOfEndpoint = (body: JsonObject): string => {
  const spec = objectAt(body, 'spec')
  const name = nameIn(body, 'metadata', 'name')
  const owner = textOf(spec['function_name'])
  return owner === undefined ? name : `${owner}.${name}`
}

async function endpointsOf(context: MlrunContext, call: MlrunCall): Promise<JsonObject[]> {
  const { query } = call
  const [names, uids] = [query.list('name'), query.list('uid')]
  const wanted = {
    function_name: query.text('function-name', 'function'),
    model_name: query.text('model-name', 'model'),
    function_tag: query.text('function-tag'),
  }
  const labels = query.labels()
  return (await listRecords(context, endpoint, call.params['project']!)).filter((each) => {
    const [metadata, spec] = [objectAt(each, 'metadata'), objectAt(each, 'spec')]
    return (
      (names.length === 0 || names.includes(textOf(metadata['name']) ?? '')) &&
      (uids.length === 0 || uids.includes(textOf(metadata['uid']) ?? '')) &&
      Object.entries(wanted).every(
        ([field, value]) => value === undefined || meets(textOf(spec[field]) ?? '', { text: value, contains: false }),
      ) &&
      hasLabels(labelsOf(metadata['labels']), labels)
    )
  })
}

async function findEndpoint(context: MlrunContext, call: MlrunCall): Promise<JsonObject> {
  const { name = '' } = call.params
  const [owner, id] = [call.query.text('function-name'), call.query.text('endpoint-id')]
  const found = (await listRecords(context, endpoint, call.params['project']!)).find((each) => {
    const [metadata, spec] = [objectAt(each, 'metadata'), objectAt(each, 'spec')]
    return (
      (metadata['name'] === name || metadata['uid'] === name) &&
      (id === undefined || metadata['uid'] === id) &&
      (owner === undefined || spec['function_name'] === owner)
    )
  })
  if (!found) throw missing(`The model endpoint ${call.params['project']}/${name} was not found.`)
  return found
}

async function putEndpoint(context: MlrunContext, project: string, body: JsonObject): Promise<JsonObject> {
  const metadata = objectAt(body, 'metadata')
  const uid = textOf(metadata['uid']) ?? newUid()
  const document = { ...body, metadata: { ...metadata, project, uid } }
  return await putRecord(context, endpoint, { project, name: nameOfEndpoint(document), body: document })
}

export const monitoringRoutes: readonly Route[] = [
  route(
    'POST',
    'projects/:project/model-endpoints',
    async (context, call) =>
      new Answer(201, await putEndpoint(context, call.params['project']!, documentIn(call, 'a model endpoint'))),
  ),
  route('PATCH', 'projects/:project/model-endpoints', async (context, call) => {
    const body = documentIn(call, 'a model endpoint')
    const known = await findRecord(context, endpoint, { project: call.params['project']!, name: nameOfEndpoint(body) })
    return await putEndpoint(context, call.params['project']!, known === undefined ? body : merged(known, body))
  }),
  route('GET', 'projects/:project/model-endpoints', async (context, call) => ({ endpoints: await endpointsOf(context, call) })),
  // What engines of monitoring would have measured: there are none, and nothing was.
  route('GET', 'projects/:project/model-endpoints/:name/metrics', async (context, call) => {
    await findEndpoint(context, call)
    return []
  }),
  route('GET', 'projects/:project/model-endpoints/:name', findEndpoint),
  route('DELETE', 'projects/:project/model-endpoints/:name', async (context, call) => {
    const found = await findEndpoint(context, call).catch(() => undefined)
    if (found) await removeRecord(context, endpoint, { project: call.params['project']!, name: nameOfEndpoint(found) })
    return noContent()
  }),
  ...stored('datastore-profiles', profile),
  route('PUT', 'projects/:project/datastore-profiles', async (context, call) => {
    const { private: secret, ...body } = documentIn(call, 'a datastore profile')
    const [project, name] = [call.params['project']!, nameIn(body, 'name')]
    if (!/^[\w.-]{1,100}$/.test(name))
      throw invalid(`The name '${name.slice(0, 80)}' of a datastore profile has letters, digits, '-', '_' and '.'.`)
    // Its client looks for what is private among the secrets of the project.
    if (typeof secret === 'string' && secret !== '')
      await context.projectSecrets.set(project, { [`datastore-profiles.${project}.${name}`]: secret })
    await putRecord(context, profile, { project, name, body: { ...body, project } })
    return {}
  }),
  route('GET', 'projects/:project/datastore-profiles', async (context, call) =>
    listRecords(context, profile, call.params['project']!),
  ),
  ...stored('api-gateways', gateway),
  route('PUT', 'projects/:project/api-gateways/:name', (context, call) =>
    putRecord(context, gateway, { ...at(call), body: documentIn(call, 'an API gateway') }),
  ),
  route('GET', 'projects/:project/api-gateways', async (context, call) => ({
    api_gateways: Object.fromEntries(
      (await listRecords(context, gateway, call.params['project']!)).map((each) => [
        textOf(objectAt(each, 'metadata')['name']) ?? '',
        each,
      ]),
    ),
  })),
]
