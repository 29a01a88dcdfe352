/**
 * A client of `trainyard up` for programs and pages: `const yard = connect('http://127.0.0.1:5000', { token })`.
 *
 * It needs `fetch` and nothing of Node. It is not what a training script logs with: that is `getOrCreateContext`, which needs no server.
 * Start with `client/connect.ts`.
 */
export { type Change, type ChangesOptions } from './client/changes.ts'
export { connect, type Yard } from './client/connect.ts'
export type { ConnectOptions } from './client/connection.ts'
export { Pages } from './client/pages.ts'
export { RemoteArtifact, type RemoteFile } from './client/remote-artifact.ts'
export type { RemoteLogs } from './client/remote-logs.ts'
export type { FollowOptions, MetricSummary, NamedPoint, RemoteMetrics } from './client/remote-metrics.ts'
export type { ModelEvent, ModelVersion, RegisteredModel, RemoteModels, VersionSource } from './client/remote-models.ts'
export { RemoteRun } from './client/remote-run.ts'
export type { RemoteRuns, RunSearch } from './client/remote-runs.ts'
export { AppError, type ErrorCode, isAppError } from '@trainyard/contract'
