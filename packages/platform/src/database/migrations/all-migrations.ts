import { initial } from './0001-initial.ts'
import { clients } from './0002-clients.ts'
import { registry } from './0003-registry.ts'
import { arrivals } from './0004-arrivals.ts'
import { changeFeed } from './0005-changes.ts'
import { traceTables } from './0006-traces.ts'
import { shipmentsOfRuns } from './0007-shipments.ts'
import { migrationMarks } from './0008-marks.ts'
import { webhookTables } from './0009-webhooks.ts'
import { attemptsInSeries } from './0010-attempts.ts'
import { arrivalsAside } from './0011-arrivals-aside.ts'
import { definitionTables } from './0012-definitions.ts'
import { projectDocuments } from './0013-projects.ts'
import { clientDocuments } from './0014-client-documents.ts'
import { evaluationTables } from './0015-evaluation.ts'
import { jobTables } from './0016-jobs.ts'
import { notificationTables } from './0017-notifications.ts'
import { scheduleTables } from './0018-schedules.ts'
import { shippedWork } from './0019-shipped-work.ts'
import { nestedRuns } from './0020-nested-runs.ts'
import { holders } from './0021-holders.ts'
import { versionShipments } from './0022-version-shipments.ts'
import { sentFiles } from './0023-sent-files.ts'
import type { Migration } from './migration.ts'

/** In order; the last number is the version this program writes. */
export const allMigrations: readonly Migration[] = [
  initial,
  clients,
  registry,
  arrivals,
  changeFeed,
  traceTables,
  shipmentsOfRuns,
  migrationMarks,
  webhookTables,
  attemptsInSeries,
  arrivalsAside,
  definitionTables,
  projectDocuments,
  clientDocuments,
  evaluationTables,
  jobTables,
  notificationTables,
  scheduleTables,
  shippedWork,
  nestedRuns,
  holders,
  versionShipments,
  sentFiles,
]
