import type { Database } from '../database/index.ts'
import { toJob } from './job-rows.ts'
import type { JobQuery, JobRecord, JobState } from './jobs.ts'

const states: readonly JobState[] = ['leased', 'queued', 'ended']

export const listJobs = (database: Database, { project, state, limit = 100 }: JobQuery): Promise<JobRecord[]> =>
  database.read(async ({ kysely }) => {
    const found: JobRecord[] = []
    for (const each of states.filter((one) => state === undefined || one === state)) {
      if (found.length >= limit) break
      let query = kysely
        .selectFrom('jobs')
        .selectAll()
        .where('state', '=', each)
        .limit(limit - found.length)
      if (project !== undefined) query = query.where('project', '=', project)
      if (each === 'queued') query = query.orderBy('priority', 'desc').orderBy('number')
      else if (each === 'leased') query = query.orderBy('leased_at').orderBy('number')
      else query = query.orderBy('ended_at', 'desc').orderBy('number', 'desc')
      found.push(...(await query.execute()).map(toJob))
    }
    return found
  })
