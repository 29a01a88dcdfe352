import { invalid, missing, MlflowError } from './errors.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { message, required, text } from './wire.ts'

const create = message({ name: text, description: text, default_artifact_root: text })

/** What the protocol calls a workspace is a project: it has a name and no settings, and it is not deleted. */
export const workspaceRoutes: readonly Route[] = [
  route(
    'GET',
    'workspaces',
    message({}),
    async ({ tracking }) => ({ workspaces: (await tracking.projects.list()).map(toWorkspace) }),
    '3.0',
  ),
  {
    ...route(
      'POST',
      'workspaces',
      create,
      async ({ tracking }, { name, ...others }) => {
        const wanted = required(name, 'name')
        if (wanted === 'default') throw invalid("The 'default' workspace is reserved and cannot be created")
        refuseSettings(others)
        if ((await tracking.projects.list()).some((project) => project.name === wanted))
          throw new MlflowError('RESOURCE_ALREADY_EXISTS', `Workspace '${wanted}' already exists.`)
        await tracking.projects.ensure(wanted)
        return { workspace: { name: wanted } }
      },
      '3.0',
    ),
    status: 201,
  },
  route(
    'GET',
    'workspaces/:name',
    message({}),
    async (context, _, { params }) => ({ workspace: await getWorkspace(context, params['name']!) }),
    '3.0',
  ),
]

const toWorkspace = ({ name }: { name: string }): object => ({ name })

async function getWorkspace({ tracking }: MlflowContext, name: string): Promise<object> {
  const found = (await tracking.projects.list()).find((project) => project.name === name)
  if (found) return toWorkspace(found)
  if (name === 'default') return { name }
  throw missing(`Workspace '${name}' not found`)
}

/** Nothing is promised that is not kept. */
function refuseSettings({ description, default_artifact_root }: { description?: string; default_artifact_root?: string }): void {
  if (description) throw invalid('A workspace has no description on this server; leave it out.')
  if (default_artifact_root)
    throw invalid(
      "A workspace has no artifact root of its own on this server; give each experiment an 'artifact_location' instead.",
    )
}
