import { type Clock, systemClock } from '../../base/clock.ts'
import type { Database } from '../../database/index.ts'
import { settleArrivals } from '../metric-arrivals.ts'
import { storePoints } from '../metric-ingest.ts'
import { groupPoints } from '../metric-records.ts'
import { getRunNumber } from '../run-number.ts'
import { type ImportedExperiment, settleExperiment, takeExperiment } from './experiments.ts'
import { type ImportedLoggedModel, type ImportedRelations, takeLoggedModel, takeRelations } from './logged-models.ts'
import { createMarkRecords, type MarkRecords } from './marks.ts'
import { type ImportedRun, takeRun } from './runs.ts'

/** What became of something that came from elsewhere. */
export interface Taken {
  /** It was not here before. */
  made: boolean
  /** Sentences on what is not as it is there. */
  differences: string[]
}

/**
 * Records as another server knows them, with their ids, times and states. Each call is one transaction; repeats change nothing, so
 * whoever is interrupted begins again. Values that cannot be stored are refused with `invalid_argument`.
 */
export interface ImportedRecords {
  readonly marks: MarkRecords
  experiment(given: ImportedExperiment): Promise<Taken & { id: string }>
  /** Into the trash, or out of it. */
  settleExperiment(id: string, trashedAtMs: number | null): Promise<void>
  run(given: ImportedRun): Promise<Taken>
  /** Also of runs in the trash; points that are there already are passed over. */
  points(runId: string, points: readonly { key: string; step: number; timeMs: number; value: number }[]): Promise<void>
  loggedModel(given: ImportedLoggedModel): Promise<Taken>
  /** Returns what is missing here. */
  relations(given: ImportedRelations): Promise<string[]>
}

export function createImportedRecords(database: Database, options: { clock?: Clock } = {}): ImportedRecords {
  const { clock = systemClock } = options
  return {
    marks: createMarkRecords(database, () => clock.nowMs()),
    experiment: (given) => database.write((transaction) => takeExperiment(transaction, given)),
    settleExperiment: (id, trashedAtMs) => database.write((transaction) => settleExperiment(transaction, id, trashedAtMs)),
    run: (given) => database.write((transaction) => takeRun(transaction, given, clock.nowMs())),
    points: async (runId, points) => {
      const buffers = groupPoints(points)
      await database.write(async (transaction) => {
        await settleArrivals(transaction)
        await storePoints(transaction, await getRunNumber(transaction, runId), buffers, { once: true })
      })
    },
    loggedModel: (given) => database.write((transaction) => takeLoggedModel(transaction, given)),
    relations: (given) => database.write((transaction) => takeRelations(transaction, given)),
  }
}
