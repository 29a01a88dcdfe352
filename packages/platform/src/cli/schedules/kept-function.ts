import { parseFunctionReference, toFunctionDocument, fromFunctionDocument } from '../../functions/index.ts'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { readHubItem } from '../functions/exchange.ts'
import { openFunctions } from '../functions/function-session.ts'

/**
 * What `db://` or `hub://` names, as a reference that means the same wherever it is read. An item of a hub is taken into the project, since
 * a hub may change or go away: the schedule keeps to the version of today.
 */
export async function keptFunction(cli: Cli, text: string): Promise<string> {
  if (text.startsWith('hub://')) return await takenFromHub(cli, text)
  const { project = cli.project ?? defaultProject, name, tag, hash } = parseFunctionReference(text)
  return `db://${project}/${name}${tag === undefined ? '' : `:${tag}`}${hash === undefined ? '' : `@${hash}`}`
}

async function takenFromHub(cli: Cli, text: string): Promise<string> {
  await using session = await openFunctions(cli, { create: true })
  const { project } = session
  const document = await readHubItem(cli, text)
  const saved = await session.functions.save({
    project,
    document: toFunctionDocument(fromFunctionDocument(document), { base: document, project }),
    // `latest` may be the user's own of that name.
    tags: ['hub'],
    by: cli.config.userName,
  })
  return saved.reference
}
