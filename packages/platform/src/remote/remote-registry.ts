import { AppError, isAppError } from '@trainyard/contract'
import type {
  HistoryRecords,
  ModelRecords,
  ModelVersion,
  RegisteredModel,
  Registry,
  ShippedVersions,
  StageRecords,
  VersionRecords,
} from '../registry/index.ts'
import { onlySome } from './remote-records.ts'
import type { RemoteServer } from './remote-server.ts'

const enc = encodeURIComponent
const model = (name: string): string => `/models/${enc(name)}`

/** The registry of another machine's server, for commands that read it. */
export function createRemoteRegistry(server: RemoteServer): Registry {
  return {
    models: onlySome<ModelRecords>(server.url, models(server)),
    versions: onlySome<VersionRecords>(server.url, versions(server)),
    shipped: onlySome<ShippedVersions>(server.url, {}),
    stages: onlySome<StageRecords>(server.url, {
      list: async (project) => (await server.json<{ stages: string[] }>('GET', '/stages', { query: { project } })).stages,
    }),
    history: onlySome<HistoryRecords>(server.url, {
      of: async ({ project, name }, { version } = {}) =>
        (
          await server.json<{ events: Awaited<ReturnType<HistoryRecords['of']>> }>('GET', `${model(name)}/history`, {
            query: { project, version },
          })
        ).events,
      at: ({ project, name }, timeMs) => server.json('GET', `${model(name)}/at`, { query: { project, timeMs } }),
    }),
  }
}

function models(server: RemoteServer): Partial<ModelRecords> {
  const get: ModelRecords['get'] = ({ project, name }) => server.json('GET', model(name), { query: { project } })
  return {
    get,
    async find(name) {
      try {
        return await get(name)
      } catch (error) {
        if (isAppError(error, 'not_found')) return undefined
        throw error
      }
    },
    search: async ({ project, clauses = [], limit, cursor }) => {
      if (clauses.length > 0) throw noConditions(server)
      return await server.json<{ models: RegisteredModel[]; next: string | null }>('GET', '/models', {
        query: { project, limit: limit && Math.min(limit, 1_000), cursor },
      })
    },
  }
}

function versions(server: RemoteServer): Partial<VersionRecords> {
  const resolve = (project: string, text: string): Promise<ModelVersion> =>
    server.json('GET', '/model-versions/resolve', { query: { project, text } })
  return {
    get: ({ project, name, version }) => server.json('GET', `${model(name)}/versions/${version}`, { query: { project } }),
    ofAlias: ({ project, name }, alias) => resolve(project, `${name}@${alias}`),
    latest: async ({ project, name }, stages) => {
      const { latestVersions } = await server.json<RegisteredModel>('GET', model(name), { query: { project } })
      return stages === undefined ? latestVersions : latestVersions.filter(({ stage }) => stages.includes(stage))
    },
    search: async ({ project, limit, cursor, clauses = [] }) => {
      const [clause, ...others] = clauses
      const condition = clause?.field === 'name' ? clause.condition : undefined
      const name = condition?.operator === '=' ? condition.value : undefined
      if ((clause !== undefined && name === undefined) || others.length > 0) throw noConditions(server)
      return await server.json('GET', '/model-versions', {
        query: {
          project,
          name,
          limit: limit && Math.min(limit, 1_000),
          cursor,
        },
      })
    },
  }
}

const noConditions = ({ url }: RemoteServer): AppError =>
  new AppError('failed_precondition', `Conditions on models do not work through TRAINYARD_URL (${url}).`)
