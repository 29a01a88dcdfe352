import { isJsonObject, type JsonObject } from '@trainyard/contract'
import { functionKind } from '../../functions/index.ts'
import type { Definition } from '../../definitions/index.ts'
import { pageOf, queryOf } from './artifact-listing.ts'
import { invalid, missing } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { checkProjectName, functionName } from './names.ts'
import { type MlrunCall, type MlrunContext, noContent, type Answer, type Route, route } from './route.ts'
import { toTime } from './times.ts'

export const functionRoutes: readonly Route[] = [
  route('POST', 'projects/:project/functions/:name', store),
  route('GET', 'projects/:project/functions/:name', read),
  route('GET', 'projects/:project/functions', list),
  route('DELETE', 'projects/:project/functions/:name', remove),
  route('DELETE', 'projects/:project/functions/:name', remove, 'v2'),
]

/** A function as this dialect's client sees it. */
export function toFunction(found: Definition): JsonObject {
  const { body, tag, tags, hash, project, name, status, updatedAtMs, isVersioned } = found
  const metadata = objectAt(body, 'metadata')
  const shown = tag ?? tags[0]
  return {
    ...body,
    metadata: { ...metadata, name, project, tag: shown ?? '', hash: isVersioned ? hash : '', updated: toTime(updatedAtMs) },
    spec: objectAt(body, 'spec'),
    status: status ?? (shown === undefined ? null : {}),
  }
}

/** What a request says of a function: its own name in the address must be that in the body. */
async function store({ definitions }: MlrunContext, call: MlrunCall): Promise<object> {
  const project = checkProjectName(call.params['project']!)
  const name = functionName(call.params['name']!)
  const body = call.body()
  if (!isJsonObject(body)) throw invalid('The body is to be a function, as a JSON object.')
  const metadata = objectAt(body, 'metadata')
  const told = textOf(metadata['name'])
  if (told !== undefined && functionName(told) !== name)
    throw invalid(`The function in the body is called '${told}', the one in the address '${name}'; they must be the same.`)
  const tag = call.query.text('tag') ?? textOf(metadata['tag']) ?? 'latest'
  const saved = await definitions.save({
    project,
    kind: functionKind,
    name,
    body: { ...body, metadata: { ...metadata, name, project } },
    tags: [tag],
    versioned: call.query.flag('versioned') ?? false,
  })
  return { hash_key: saved.hash }
}

/** Newer clients write names in one way; what was kept under another is still found. */
export async function findFunction(
  { definitions }: Pick<MlrunContext, 'definitions'>,
  { project, name, tag, hash }: { project: string; name: string; tag?: string | undefined; hash?: string | undefined },
): Promise<Definition> {
  for (const each of new Set([functionName(name), name])) {
    const found = await definitions.find({ project, kind: functionKind, name: each }, { tag, hash })
    if (found) return { ...found, tag: tag ?? (hash === undefined ? 'latest' : found.tag) }
  }
  throw missing(
    `Function ${project}/${name}${tag === undefined ? '' : `:${tag}`}${hash === undefined ? '' : `@${hash}`} not found.`,
  )
}

async function read(context: MlrunContext, call: MlrunCall): Promise<object> {
  const { project = '', name = '' } = call.params
  const [tag, hash] = [call.query.text('tag'), call.query.text('hash_key', 'hash')]
  return { func: toFunction(await findFunction(context, { project, name, tag, hash })) }
}

async function list({ definitions }: MlrunContext, call: MlrunCall): Promise<object> {
  const { query, written } = queryOf(call.query, call.written)
  const project = call.params['project']!
  const [name, tag, hash] = [query.text('name'), query.text('tag'), query.text('hash_key')]
  const [sinceMs, untilMs] = [query.timeMs('since'), query.timeMs('until')]
  const [types, states] = [query.list('kind'), query.list('state', 'states')]
  const found: Definition[] = []
  let cursor: string | null | undefined
  do {
    const page = await definitions.list({
      kind: functionKind,
      ...(project === '*' ? {} : { project }),
      ...(name === undefined ? {} : { name: name.startsWith('~') ? name : functionName(name) }),
      ...(tag === undefined ? {} : { tag }),
      ...(hash === undefined ? {} : { hash }),
      ...(types.length === 0 ? {} : { types }),
      ...(states.length === 0 ? {} : { states }),
      ...(sinceMs === undefined ? {} : { sinceMs }),
      ...(untilMs === undefined ? {} : { untilMs }),
      labels: query.list('label'),
      limit: 10_000,
      ...(cursor == null ? {} : { cursor }),
    })
    found.push(...page.definitions)
    cursor = page.next
  } while (cursor !== null)
  const { values, pagination } = pageOf(found, query, written)
  const rows = values.map((each) => {
    const document = toFunction(each)
    if (each.tag !== null) return document
    return { ...document, metadata: { ...objectAt(document, 'metadata'), tag: '' }, status: null }
  })
  return { funcs: rows, pagination }
}

async function remove({ definitions }: MlrunContext, { params: { project = '', name = '' } }: MlrunCall): Promise<Answer> {
  for (const each of new Set([functionName(name), name])) await definitions.delete({ project, kind: functionKind, name: each })
  return noContent()
}
