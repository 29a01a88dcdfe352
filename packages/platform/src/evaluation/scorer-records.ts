import { AppError } from '@trainyard/contract'
import type { Clock } from '../base/clock.ts'
import type { Database, Reader } from '../database/index.ts'
import type { Scorers, ScorerSampling, ScorerVersion } from './evaluation.ts'
import { activeExperiment, checkName } from './evaluation-names.ts'

const largestBodyBytes = 4 * 1024 * 1024
const mostAtOnce = 5_000

interface Scorer {
  number: number
  id: string
  experiment: number
  last_version: number
}

const noScorer = (experimentId: string, name: string, version?: number): AppError =>
  new AppError(
    'not_found',
    `There is no ${version === undefined ? '' : `version ${version} of the `}scorer '${name.slice(0, 100)}' in the experiment ${experimentId}.`,
    { details: { record: 'scorer', name, experimentId, ...(version === undefined ? {} : { version }) } },
  )

/** See `Scorers`. */
export function createScorers(database: Database, clock: Clock): Scorers {
  return {
    register: async ({ experimentId, name, body }) => {
      checkName('scorer', name)
      if (Buffer.byteLength(body) > largestBodyBytes || body.includes('\0') || !body.isWellFormed())
        throw new AppError('invalid_argument', 'The scorer is larger than 4 MiB, or holds characters that are no text.')
      return await database.write(async (transaction) => {
        const experiment = await activeExperiment(transaction, experimentId)
        const { kysely } = transaction
        const scorer = await kysely
          .insertInto('scorers')
          .values({ id: crypto.randomUUID(), experiment, name, last_version: 1 })
          .onConflict((conflict) =>
            conflict
              .columns(['experiment', 'name'])
              .doUpdateSet((set) => ({ last_version: set('scorers.last_version', '+', 1) })),
          )
          .returningAll()
          .executeTakeFirstOrThrow()
        const version = { scorer: scorer.number, version: scorer.last_version, body, created_at: clock.nowMs() }
        await kysely.insertInto('scorer_versions').values(version).execute()
        return toVersion({ ...scorer, ...version })
      })
    },
    newest: async (experimentIds) => {
      const experiments = [...new Set(experimentIds)].filter((id) => /^\d{1,15}$/.test(id)).map(Number)
      return await database.read(async (reader) => {
        const rows = await selectVersions(reader)
          .where('s.experiment', 'in', reader.dialect.numberList(experiments))
          .where('v.version', '=', ({ selectFrom }) =>
            selectFrom('scorer_versions as w')
              .select(({ fn }) => fn.max('w.version').as('newest'))
              .whereRef('w.scorer', '=', 's.number'),
          )
          .orderBy('s.experiment')
          .orderBy('s.name')
          .execute()
        return rows.map(toVersion)
      })
    },
    versions: (experimentId, name) =>
      database.read(async (reader) => {
        const scorer = await getScorer(reader, experimentId, name)
        const rows = await selectVersions(reader).where('s.number', '=', scorer.number).orderBy('v.version').execute()
        if (rows.length === 0) throw noScorer(experimentId, name)
        return rows.map(toVersion)
      }),
    get: (experimentId, name, version) =>
      database.read(async (reader) => {
        const scorer = await getScorer(reader, experimentId, name)
        let query = selectVersions(reader).where('s.number', '=', scorer.number)
        if (version !== undefined) query = query.where('v.version', '=', version)
        const row = await query.orderBy('v.version', 'desc').limit(1).executeTakeFirst()
        if (!row) throw noScorer(experimentId, name, version)
        return toVersion(row)
      }),
    delete: (experimentId, name, version) =>
      database.write(async (transaction) => {
        const { number } = await getScorer(transaction, experimentId, name)
        const { kysely } = transaction
        if (version === undefined) {
          await kysely.deleteFrom('scorers').where('number', '=', number).execute()
          return
        }
        const query = kysely.deleteFrom('scorer_versions').where('scorer', '=', number).where('version', '=', version)
        const { numDeletedRows } = await query.executeTakeFirstOrThrow()
        if (numDeletedRows === 0n) throw noScorer(experimentId, name, version)
      }),
    setSampling: (experimentId, name, { rate, filter }) =>
      database.write(async (transaction) => {
        const { number } = await getScorer(transaction, experimentId, name)
        const sampling = { sampling_id: crypto.randomUUID().replaceAll('-', ''), sampling_rate: rate, sampling_filter: filter }
        const query = transaction.kysely.updateTable('scorers').set(sampling).where('number', '=', number).returningAll()
        return toSampling(await query.executeTakeFirstOrThrow())
      }),
    samplings: async (scorerIds) => {
      const ids = [...new Set(scorerIds)].slice(0, mostAtOnce)
      if (ids.length === 0) return []
      const rows = await database.read(({ kysely }) =>
        kysely
          .selectFrom('scorers')
          .selectAll()
          .where('id', 'in', ids)
          .where('sampling_id', 'is not', null)
          .orderBy('number')
          .execute(),
      )
      return rows.map(toSampling)
    },
  }
}

const selectVersions = ({ kysely }: Reader) =>
  kysely
    .selectFrom('scorer_versions as v')
    .innerJoin('scorers as s', 's.number', 'v.scorer')
    .select(['s.id', 's.experiment', 's.name', 'v.version', 'v.body', 'v.created_at'])

async function getScorer(reader: Reader, experimentId: string, name: string): Promise<Scorer> {
  const experiment = await activeExperiment(reader, experimentId)
  const row = await reader.kysely
    .selectFrom('scorers')
    .select(['number', 'id', 'experiment', 'last_version'])
    .where('experiment', '=', experiment)
    .where('name', '=', name)
    .executeTakeFirst()
  if (!row) throw noScorer(experimentId, name)
  return row
}

const toVersion = (row: {
  id: string
  experiment: number
  name: string
  version: number
  body: string
  created_at: number
}): ScorerVersion => ({
  scorerId: row.id,
  experimentId: String(row.experiment),
  name: row.name,
  version: row.version,
  body: row.body,
  createdAtMs: row.created_at,
})

const toSampling = (row: {
  id: string
  experiment: number
  sampling_id: string | null
  sampling_rate: number | null
  sampling_filter: string | null
}): ScorerSampling => ({
  id: row.sampling_id!,
  scorerId: row.id,
  experimentId: String(row.experiment),
  rate: row.sampling_rate!,
  filter: row.sampling_filter,
})
