import type { JsonObject } from '@trainyard/contract'
import { objectAt, textOf } from './json.ts'

const prefixes: Readonly<Record<string, string>> = {
  model: 'models',
  dataset: 'datasets',
  document: 'documents',
  'llm-prompt': 'llm-prompts',
}

/** `store://models/project/key#iteration:tag@tree^uid`, each part where it is known. */
export function artifactUri(project: string, artifact: JsonObject): string {
  const metadata = objectAt(artifact, 'metadata')
  const key = textOf(objectAt(artifact, 'spec')['db_key']) ?? textOf(metadata['key']) ?? ''
  const { iter } = metadata
  const [tag, tree, uid] = [textOf(metadata['tag']), textOf(metadata['tree']), textOf(metadata['uid'])]
  return [
    `store://${prefixes[textOf(artifact['kind']) ?? ''] ?? 'artifacts'}/${project}/${key}`,
    typeof iter === 'number' ? `#${iter}` : '',
    tag === undefined ? '' : `:${tag}`,
    tree === undefined ? '' : `@${tree}`,
    uid === undefined ? '' : `^${uid}`,
  ].join('')
}
