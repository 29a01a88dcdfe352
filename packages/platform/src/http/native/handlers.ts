import { artifactHandlers } from './artifact-handlers.ts'
import type { Handlers } from './bound-operation.ts'
import { functionHandlers } from './function-handlers.ts'
import { jobHandlers } from './job-handlers.ts'
import { lineageHandlers } from './lineage-handlers.ts'
import { metricHandlers } from './metric-handlers.ts'
import { projectHandlers } from './project-handlers.ts'
import { registryHandlers } from './registry-handlers.ts'
import { runHandlers } from './run-handlers.ts'
import { scheduleHandlers } from './schedule-handlers.ts'
import { sendingHandlers } from './sending-handlers.ts'
import { sentVersionHandlers } from './sent-versions.ts'
import { sentWorkHandlers } from './sent-work.ts'
import { serverHandlers } from './server-handlers.ts'
import { tableHandlers } from './table-handlers.ts'
import { traceHandlers } from './trace-handlers.ts'
import { viewHandlers } from './view-handlers.ts'

/** What each operation of the contract does: none is missing, or this does not compile. */
export const handlers: Handlers = {
  ...runHandlers,
  ...metricHandlers,
  ...artifactHandlers,
  ...projectHandlers,
  ...functionHandlers,
  ...jobHandlers,
  ...scheduleHandlers,
  ...registryHandlers,
  ...sendingHandlers,
  ...sentVersionHandlers,
  ...sentWorkHandlers,
  ...serverHandlers,
  ...tableHandlers,
  ...lineageHandlers,
  ...traceHandlers,
  ...viewHandlers,
}
