import type { Clock } from '../base/clock.ts'
import type { Database, Reader, Transaction } from '../database/index.ts'
import { checkName } from './record-names.ts'
import type { ProjectRecords } from './tracking.ts'

export function createProjectRecords(database: Database, clock: Clock): ProjectRecords {
  return {
    ensure: async (name) => {
      checkName('project name', name)
      await database.write((transaction) => ensureProject(transaction, name, clock.nowMs()))
    },
    list: () => database.read(listProjects),
  }
}

async function listProjects({ kysely }: Reader) {
  const rows = await kysely
    .selectFrom('projects')
    .leftJoin('runs', (join) => join.onRef('runs.project', '=', 'projects.number').on('trashed_at', 'is', null))
    .select(({ fn }) => ['projects.name', 'projects.created_at', fn.count<number>('runs.number').as('runs')])
    .groupBy('projects.number')
    .orderBy('projects.name')
    .execute()
  return rows.map(({ name, created_at, runs }) => ({ name, createdAtMs: created_at, runCount: runs }))
}

/** The integer key of a project, which is made when missing. */
export async function ensureProject({ kysely }: Transaction, name: string, nowMs: number): Promise<number> {
  const known = await kysely.selectFrom('projects').select('number').where('name', '=', name).executeTakeFirst()
  if (known) return known.number
  const added = await kysely
    .insertInto('projects')
    .values({ name, created_at: nowMs })
    .returning('number')
    .executeTakeFirstOrThrow()
  return added.number
}

/** As `ensureProject`, for an experiment of a project. */
export async function ensureExperiment({ kysely }: Transaction, project: number, name: string, nowMs: number): Promise<number> {
  const known = await kysely
    .selectFrom('experiments')
    .select('number')
    .where('project', '=', project)
    .where('name', '=', name)
    .executeTakeFirst()
  if (known) return known.number
  const added = await kysely
    .insertInto('experiments')
    .values({ project, name, created_at: nowMs })
    .returning('number')
    .executeTakeFirstOrThrow()
  return added.number
}
