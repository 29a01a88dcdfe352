import { type Clock, systemClock } from '../base/clock.ts'
import type { Database } from '../database/index.ts'
import { createArtifactRecords } from './artifact-records.ts'
import { createChangeRecords } from './change-records.ts'
import { createDatasetRecords } from './dataset-records.ts'
import { createArtifactDocuments } from './documents/artifact-documents.ts'
import { createRunDocuments } from './documents/run-documents.ts'
import { createExperimentRecords } from './experiment-records.ts'
import { createJournalRecords } from './journal-records.ts'
import { createKeptAnswers } from './kept-answers.ts'
import { createLineageRecords } from './lineage-records.ts'
import { createLogRecords, type LogObjects } from './log-records.ts'
import { createLoggedModelRecords } from './logged-model-records.ts'
import { readSettled } from './metric-arrivals.ts'
import { createMetricRecords } from './metric-records.ts'
import { createProjectRecords } from './project-records.ts'
import { createReportedRuns } from './reported-runs.ts'
import { createRunRecords } from './run-records.ts'
import { createSentFiles } from './sent-files.ts'
import { createShippedModels } from './shipped-models.ts'
import { createShippedRuns } from './shipped-runs.ts'
import { createRunTable } from './run-table.ts'
import type { Tracking } from './tracking.ts'

export interface TrackingOptions {
  /** Where long output moves to; without it all of it stays in the database. */
  objects?: LogObjects
  /** Long output stays in the database all the same; what has moved before is read from `objects`. */
  keepsOutput?: boolean
  clock?: Clock
}

/** All records over one open database. It owns nothing: whoever opened the database closes it. */
export function createTracking(database: Database, options: TrackingOptions = {}): Tracking {
  // Only what may read points waits until those that have arrived lie in their series.
  const settled = readSettled(database)
  const { clock = systemClock, objects, keepsOutput = false } = options
  const changes = createChangeRecords(settled)
  return {
    projects: createProjectRecords(database, clock),
    runs: createRunRecords(settled, clock, objects),
    metrics: createMetricRecords(settled),
    artifacts: createArtifactRecords(database),
    logs: createLogRecords(database, { ...(objects && { objects }), keepsOutput }),
    journals: createJournalRecords(settled),
    experiments: createExperimentRecords(database, clock),
    reported: createReportedRuns(database, clock),
    shipped: createShippedRuns(settled),
    shippedModels: createShippedModels(database),
    sentFiles: createSentFiles(database),
    datasets: createDatasetRecords(database),
    lineage: createLineageRecords(database),
    loggedModels: createLoggedModelRecords(database, clock),
    changes,
    answers: createKeptAnswers(database, clock),
    table: createRunTable(settled, changes),
    runDocuments: createRunDocuments(database, clock),
    artifactDocuments: createArtifactDocuments(database),
  }
}
