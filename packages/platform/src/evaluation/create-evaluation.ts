import { type Clock, systemClock } from '../base/clock.ts'
import type { Database } from '../database/index.ts'
import { createEvaluationDatasets } from './datasets.ts'
import type { Evaluation } from './evaluation.ts'
import { createScorers } from './scorer-records.ts'

/** Over one open database. It owns nothing: whoever opened the database closes it. */
export const createEvaluation = (database: Database, { clock = systemClock }: { clock?: Clock } = {}): Evaluation => ({
  datasets: createEvaluationDatasets(database, clock),
  scorers: createScorers(database, clock),
})
