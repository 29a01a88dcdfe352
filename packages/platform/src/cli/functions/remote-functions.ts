import { isAppError } from '@trainyard/contract'
import type { Functions, FunctionReference, FunctionVersion } from '../../functions/index.ts'
import { parseFunctionReference } from '../../functions/index.ts'
import type { RemoteServer } from '../../remote/index.ts'

const at = (name: string): string => `/functions/${encodeURIComponent(name)}`
const placeOf = (reference: FunctionReference, project: string) => ({
  project: reference.project ?? project,
  ...(reference.tag === undefined ? {} : { tag: reference.tag }),
  ...(reference.hash === undefined ? {} : { hash: reference.hash }),
})

/** The functions of another machine's server. */
export function createRemoteFunctions(server: RemoteServer): Functions {
  const get: Functions['get'] = (reference, project) =>
    server.json('GET', at(reference.name), { query: placeOf(reference, project) })
  return {
    get,
    find: async (reference, project) => {
      try {
        return await get(reference, project)
      } catch (error) {
        if (isAppError(error, 'not_found')) return undefined
        throw error
      }
    },
    save: ({ by: _by, status: _status, ...request }) => server.json<FunctionVersion>('POST', '/functions', { body: request }),
    list: ({ labels, types, states, newestOnly, hash: _hash, ...query }) =>
      server.json('GET', '/functions', {
        query: {
          ...query,
          ...(labels === undefined ? {} : { label: [...labels] }),
          ...(types === undefined ? {} : { kind: [...types] }),
          ...(states === undefined ? {} : { state: [...states] }),
          ...(newestOnly === true ? {} : { versions: true }),
        },
      }),
    history: async (name, project) =>
      (
        await server.json<{ moves: Awaited<ReturnType<Functions['history']>> }>('GET', `${at(name)}/history`, {
          query: { project },
        })
      ).moves,
    tag: (reference, project, tag) =>
      server.json('PUT', `${at(reference.name)}/tags/${encodeURIComponent(tag)}`, { body: placeOf(reference, project) }),
    untag: async (name, project, tag) =>
      (await server.json<{ removed: boolean }>('DELETE', `${at(name)}/tags/${encodeURIComponent(tag)}`, { query: { project } }))
        .removed,
    setStatus: (reference, project) => get(reference, project),
    delete: async (reference, project) =>
      (await server.json<{ deleted: number }>('DELETE', at(reference.name), { query: placeOf(reference, project) })).deleted,
  }
}

/** Queues a run of a function that the server keeps; the id of the run. */
export async function runRemoteFunction(server: RemoteServer, text: string, plan: object): Promise<string> {
  const reference = parseFunctionReference(text)
  const { task, parameterTexts, secrets, commandLine } = plan as Record<string, unknown>
  const { run } = await server.json<{ run: { id: string } }>('POST', `${at(reference.name)}/runs`, {
    body: {
      ...placeOf(reference, 'default'),
      task,
      commandLine,
      ...(parameterTexts === undefined ? {} : { parameterTexts }),
      ...(secrets === undefined ? {} : { secrets }),
    },
  })
  return run.id
}
