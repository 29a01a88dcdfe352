import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { Definition } from '../../definitions/index.ts'
import { pageOf } from './artifact-listing.ts'
import { documentIn } from './document-in.ts'
import { invalid, missing } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { checkProjectName } from './names.ts'
import { Answer, type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'
import { merged } from './stored-records.ts'
import { toTime } from './times.ts'

/** The two kinds of definitions of features, which are served in the same way. */
const families = [
  { path: 'feature-sets', kind: 'feature-set', list: 'feature_sets', what: 'feature set', type: 'FeatureSet' },
  { path: 'feature-vectors', kind: 'feature-vector', list: 'feature_vectors', what: 'feature vector', type: 'FeatureVector' },
] as const
type Family = (typeof families)[number]

export const featureStoreRoutes: readonly Route[] = [
  ...families.flatMap((family) => {
    const one = `projects/:project/${family.path}/:name`
    return [
      route('POST', `projects/:project/${family.path}`, async (context, call) => {
        const body = documentIn(call, `a ${family.what}`)
        return new Answer(201, await save(context, family, call, body))
      }),
      route('PUT', `${one}/references/:reference`, (context, call) =>
        save(context, family, call, documentIn(call, `a ${family.what}`)),
      ),
      route('GET', `${one}/references/:reference`, async (context, call) => toObject(await get(context, family, call))),
      route('PATCH', `${one}/references/:reference`, async (context, call) => {
        const before = toObject(await get(context, family, call))
        return await save(context, family, call, merged(before, documentIn(call, `parts of a ${family.what}`)))
      }),
      route('DELETE', one, (context, call) => remove(context, family, call)),
      route('DELETE', `${one}/references/:reference`, (context, call) => remove(context, family, call)),
      route('GET', `projects/:project/${family.path}`, async (context, call) => {
        const found = await find(context, family, call)
        const { values, pagination } = pageOf(found.map(toObject), call.query, call.written)
        return { [family.list]: values, pagination }
      }),
      route('GET', `projects/:project/${family.path}/:name/tags`, async (context, call) => {
        const found = await context.definitions.list({
          project: call.params['project']!,
          kind: family.kind,
          tag: '*',
          limit: 10_000,
        })
        return { tags: [...new Set(found.definitions.flatMap(({ tag }) => tag ?? []))].toSorted() }
      }),
    ]
  }),
  ...(['features', 'entities'] as const).flatMap((part) => [
    route('GET', `projects/:project/${part}`, (context, call) => listParts(context, call, part)),
    route('GET', `projects/:project/${part}`, (context, call) => listPartsByIndex(context, call, part), 'v2'),
  ]),
]

/** A version by its hash, or what a tag leads to. */
const choiceOf = (reference: string): { tag?: string; hash?: string } =>
  /^[0-9a-f]{40}$/.test(reference) ? { hash: reference } : { tag: reference }

async function save({ definitions }: MlrunContext, family: Family, call: MlrunCall, body: JsonObject): Promise<JsonObject> {
  const metadata = objectAt(body, 'metadata')
  const name = call.params['name'] ?? textOf(metadata['name'])
  if (name === undefined) throw invalid(`The ${family.what} has no name; give it one in 'metadata.name'.`)
  const project = checkProjectName(call.params['project']!)
  const { reference } = call.params
  const isTag = reference !== undefined && choiceOf(reference).tag !== undefined
  const saved = await definitions.save({
    project,
    kind: family.kind,
    name,
    body: { ...body, kind: family.type, metadata: { ...metadata, name, project } },
    tags: [isTag ? reference : (textOf(metadata['tag']) ?? 'latest')],
    versioned: call.query.flag('versioned') ?? true,
    hashField: 'uid',
  })
  return toObject({ ...saved, tag: isTag ? reference : saved.tag })
}

const toObject = ({
  body,
  tag,
  tags,
  hash,
  isVersioned,
  slot,
  status,
  updatedAtMs,
  createdAtMs,
  project,
  name,
}: Definition): JsonObject => ({
  ...body,
  metadata: {
    ...objectAt(body, 'metadata'),
    name,
    project,
    tag: tag ?? tags[0] ?? '',
    uid: isVersioned ? hash : slot,
    created: toTime(createdAtMs),
    updated: toTime(updatedAtMs),
  },
  spec: objectAt(body, 'spec'),
  status: status ?? {},
})

async function get({ definitions }: MlrunContext, { kind, what }: Family, { params }: MlrunCall): Promise<Definition> {
  const { project = '', name = '', reference = 'latest' } = params
  const choice = choiceOf(reference)
  const found = await definitions.find({ project, kind, name }, choice)
  if (!found) throw missing(`The ${what} ${project}/${name}:${reference} was not found.`)
  return { ...found, tag: choice.tag ?? found.tag }
}

async function remove({ definitions }: MlrunContext, { kind }: Family, { params }: MlrunCall): Promise<Answer> {
  const { project = '', name = '', reference } = params
  await definitions.delete({ project, kind, name }, reference === undefined ? undefined : choiceOf(reference))
  return noContent()
}

async function find({ definitions }: MlrunContext, { kind }: Family, { params, query }: MlrunCall): Promise<Definition[]> {
  const { project = '' } = params
  const [name, tag] = [query.text('name'), query.text('tag')]
  const states = query.list('state')
  const { definitions: found } = await definitions.list({
    kind,
    ...(project === '*' ? {} : { project }),
    ...(name === undefined ? {} : { name }),
    ...(tag === undefined ? {} : { tag }),
    ...(states.length === 0 ? {} : { states }),
    labels: query.list('label'),
    limit: 10_000,
  })
  const [entities, features] = [query.list('entity'), query.list('feature')]
  return found.filter(
    ({ body }) =>
      entities.every((each) => partNames(body, 'entities').includes(each)) &&
      features.every((each) => partNames(body, 'features').includes(each)),
  )
}

const partsOf = (body: JsonObject, part: 'features' | 'entities'): JsonObject[] => {
  const parts: JsonValue | undefined = objectAt(body, 'spec')[part]
  return Array.isArray(parts) ? parts.filter(isJsonObject) : []
}

const partNames = (body: JsonObject, part: 'features' | 'entities'): string[] =>
  partsOf(body, part).flatMap(({ name }) => (typeof name === 'string' ? name : []))

async function foundParts(context: MlrunContext, call: MlrunCall, part: 'features' | 'entities') {
  const name = call.query.condition('name')
  const tag = call.query.text('tag')
  const project = call.params['project']!
  const { definitions: sets } = await context.definitions.list({
    kind: 'feature-set',
    ...(project === '*' ? {} : { project }),
    tag: tag ?? '*',
    limit: 10_000,
  })
  const entities = call.query.list('entity')
  return sets.flatMap((set) => {
    if (!entities.every((each) => partNames(set.body, 'entities').includes(each))) return []
    const parts = partsOf(set.body, part).filter(({ name: own }) =>
      name === undefined
        ? true
        : typeof own === 'string' && (name.contains ? own.toLowerCase().includes(name.text.toLowerCase()) : own === name.text),
    )
    return parts.length === 0 ? [] : [{ set: toObject(set), parts }]
  })
}

async function listParts(context: MlrunContext, call: MlrunCall, part: 'features' | 'entities'): Promise<object> {
  const singular = part === 'features' ? 'feature' : 'entity'
  const rows = (await foundParts(context, call, part)).flatMap(({ set, parts }) =>
    parts.map((each) => ({
      [singular]: each,
      feature_set_digest: {
        metadata: set['metadata'],
        spec: { entities: objectAt(set, 'spec')['entities'] ?? [], features: objectAt(set, 'spec')['features'] ?? [] },
      },
    })),
  )
  return { [part]: rows }
}

async function listPartsByIndex(context: MlrunContext, call: MlrunCall, part: 'features' | 'entities'): Promise<object> {
  const found = await foundParts(context, call, part)
  return {
    [part]: found.flatMap(({ parts }, at) => parts.map((each) => ({ ...each, feature_set_index: at }))),
    feature_set_digests: found.map(({ set }, at) => ({
      feature_set_index: at,
      metadata: set['metadata'],
      spec: { entities: objectAt(set, 'spec')['entities'] ?? [] },
    })),
  }
}
