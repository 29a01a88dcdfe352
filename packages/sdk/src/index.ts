/**
 * Trainyard for TypeScript and JavaScript: a training script's side of a tracked run, and tasks that start runs.
 *
 * In a script: `getOrCreateContext()` gives the run's `Context`, to which metrics, results, data sets, models and files are logged.
 * As functions: `defineHandler({ parameters: Type.Object({...}) }, async (context, parameters) => ...)`, run with
 * `trainyard run training.ts --handler train -p eta=0.1`. From other programs: `newTask`, `runLocal`; `connect(url)`
 * reads and follows what a server keeps (in a page: `@trainyard/sdk/client`).
 * What it is not: the records themselves. Everything logged goes to an append-only journal that the supervisor takes in.
 */
export { type Static, Type } from 'typebox'
export type { BareRunOptions } from './context/bare-run.ts'
export { Context, type LoggedArtifact, type PointOptions } from './context/context.ts'
export { getOrCreateContext } from './context/current.ts'
export { DataItem } from './context/data-item.ts'
export type { Logger } from './context/logger.ts'
export { RunAborted } from './context/signals.ts'
export type { ArtifactOptions } from './artifacts/pack.ts'
export type { DatasetFormat, DatasetOptions } from './artifacts/pack-dataset.ts'
export type { ModelColumn, ModelOptions } from './artifacts/pack-model.ts'
export type { ArtifactBody } from './artifacts/spool.ts'
export type { DataFrameLike, TableInput } from './tables/table.ts'
export { type DefinedHandler, defineHandler, type HandlerDefinition, type HandlerFunction, type ReturnHint } from './handler.ts'
export { choice, integer, logUniform, normal, uniform } from './tasks/distributions.ts'
export { newTask, handlerOf, TaskBuilder } from './tasks/task.ts'
export { runLocal, type RunLocalOptions } from './tasks/run-local.ts'
export { codeToFunction, FunctionBuilder, type FunctionPlace, importFunction, newFunction } from './functions/function.ts'
export { Run } from './tasks/run.ts'
export { connect, type ConnectOptions, RemoteRun, type Yard } from './client.ts'
