import type { FastifyInstance } from 'fastify'
import type { Tracking } from '../tracking/index.ts'
import { jobRunOf } from './run-tokens.ts'
import type { ServedPlaces } from './served-places.ts'

/** Of runs that have asked, so that their next requests need no look at the records. */
const mostKnown = 10_000

/**
 * Serves the files of runs that ask with their own token wherever they lie: who carries one was started by this machine's own program,
 * which chose where the run's files go.
 */
export function servePlacesOfJobs(
  app: FastifyInstance,
  { tracking, served }: { tracking: Tracking; served: ServedPlaces },
): void {
  const known = new Set<string>()
  app.addHook('preHandler', async ({ raw }) => {
    const runId = jobRunOf(raw)
    if (runId === undefined || known.has(runId)) return
    const run = await tracking.runs.find(runId)
    if (!run) return
    if (known.size >= mostKnown) known.clear()
    known.add(runId)
    served.allow(run.outPath)
  })
}
