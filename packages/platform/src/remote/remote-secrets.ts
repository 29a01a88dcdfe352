import type { ProjectSecrets, SecretName } from '../secrets/index.ts'
import { onlySome } from './remote-records.ts'
import type { RemoteServer } from './remote-server.ts'

/** The secrets of projects on another machine's server. It opens them for its own runs only. */
export function createRemoteSecrets(server: RemoteServer): ProjectSecrets {
  const at = (project: string): string => `/projects/${encodeURIComponent(project)}/secrets`
  return onlySome<ProjectSecrets>(server.url, {
    set: async (project, secrets) => void (await server.json('PUT', at(project), { body: { secrets } })),
    list: async (project) => (await server.json<{ secrets: SecretName[] }>('GET', at(project))).secrets,
    remove: async (project, names) =>
      (await server.json<{ removed: string[] }>('POST', `${at(project)}/remove`, { body: { ...(names && { names }) } })).removed,
  })
}
