import { artifactOperations } from './artifact-operations.ts'
import { functionOperations } from './function-operations.ts'
import { jobOperations } from './job-operations.ts'
import { lineageOperations } from './lineage-operations.ts'
import { metricOperations } from './metric-operations.ts'
import type { OperationSpec } from './operation.ts'
import { projectOperations } from './project-operations.ts'
import { registryOperations } from './registry-operations.ts'
import { runOperations } from './run-operations.ts'
import { scheduleOperations } from './schedule-operations.ts'
import { sendingOperations } from './sending-operations.ts'
import { serverOperations } from './server-operations.ts'
import { tableOperations } from './table-operations.ts'
import { traceOperations } from './trace-operations.ts'
import { viewOperations } from './view-operations.ts'

/** Collides with no other dialect. */
export const nativePrefix = '/api/trainyard/v1'

/** Everything the native interface does, by operation id. */
export const nativeOperations = {
  ...runOperations,
  ...metricOperations,
  ...artifactOperations,
  ...projectOperations,
  ...functionOperations,
  ...jobOperations,
  ...scheduleOperations,
  ...registryOperations,
  ...sendingOperations,
  ...serverOperations,
  ...tableOperations,
  ...lineageOperations,
  ...traceOperations,
  ...viewOperations,
} satisfies Record<string, OperationSpec>

export type NativeOperations = typeof nativeOperations
export type OperationId = keyof NativeOperations
