import { isJsonObject, type JsonObject } from '@trainyard/contract'
import type { DocumentedArtifact } from '../../tracking/index.ts'
import { invalid } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { checkTag } from './names.ts'
import { type MlrunCall, type MlrunContext, noContent, type Route, route } from './route.ts'

export const artifactTagRoutes: readonly Route[] = [
  route('PUT', 'projects/:project/tags/:tag', async (context, call) => {
    const { project, tag } = nameOf(call)
    for (const { record } of await named(context, call)) await context.tracking.artifacts.tag(record.id, { add: [tag] })
    return { name: tag, project }
  }),
  route('POST', 'projects/:project/tags/:tag', async (context, call) => {
    const { project, tag } = nameOf(call)
    const wanted = await named(context, call)
    const keys = new Set(wanted.map(({ record }) => record.key))
    const tagged = await context.tracking.artifactDocuments.search({ project, tag })
    for (const { record } of tagged) if (!keys.has(record.key)) await context.tracking.artifacts.tag(record.id, { remove: [tag] })
    for (const { record } of wanted) await context.tracking.artifacts.tag(record.id, { add: [tag] })
    return { name: tag, project }
  }),
  route('DELETE', 'projects/:project/tags/:tag', async (context, call) => {
    const { tag } = nameOf(call)
    for (const { record } of await named(context, call)) await context.tracking.artifacts.tag(record.id, { remove: [tag] })
    return noContent()
  }),
]

const nameOf = ({ params: { project = '', tag = '' } }: MlrunCall): { project: string; tag: string } => ({
  project,
  tag: checkTag(tag),
})

/** The artifacts that the body names, each by what it says of it. */
async function named({ tracking }: MlrunContext, call: MlrunCall): Promise<DocumentedArtifact[]> {
  const body = call.body()
  const identifiers = isJsonObject(body) ? body['identifiers'] : undefined
  if (!isJsonObject(body) || !Array.isArray(identifiers))
    throw invalid("The body is to be an object with 'kind' and a list of 'identifiers'.")
  if (textOf(body['kind']) !== undefined && body['kind'] !== 'artifact')
    throw invalid(`Only artifacts are tagged here, not objects of the kind '${textOf(body['kind'])!.slice(0, 40)}'.`)
  const found: DocumentedArtifact[] = []
  for (const identifier of identifiers) found.push(...(await search(tracking, call.params['project']!, objectAt(identifier))))
  return found
}

async function search(
  tracking: MlrunContext['tracking'],
  project: string,
  identifier: JsonObject,
): Promise<DocumentedArtifact[]> {
  const [key, uid, tree] = [textOf(identifier['key']), textOf(identifier['uid']), textOf(identifier['producer_id'])]
  const kind = textOf(identifier['kind'])
  const { iter } = identifier
  const found = await tracking.artifactDocuments.search({
    project,
    ...(key === undefined ? {} : { key }),
    ...(uid === undefined ? {} : { uid }),
    ...(tree === undefined ? {} : { tree }),
    ...(typeof iter === 'number' ? { iteration: iter } : {}),
    ...(kind === 'model' || kind === 'dataset' ? { kinds: [kind] } : {}),
    // Of many versions the last, unless one of them is named.
    ...(uid === undefined && tree === undefined ? { tag: 'latest' } : {}),
  })
  return found
}
