/**
 * Jobs: runs that servers carry out. A durable queue in the database, with leases, priorities, limits, resources, time-outs and repeats,
 * and the worker of a server that takes from it. Any number of servers may share one queue.
 *
 * It decides which run starts when and where, and sees it through to its end, whoever dies in between. It does not run anything itself
 * (that is `execution/` and `tuning/`), and does not know when work is to be asked for (that is `schedules/`).
 *
 * Start with `jobs.ts` (the promises), then `create-jobs.ts` (asking for work), `pick-jobs.ts` (what starts next), `job-worker.ts` (the
 * loop), `perform-job.ts` (one attempt) and `take-over.ts` (after a crash).
 */
export { capacityOf } from './capacity.ts'
export type { Demand } from './demand.ts'
export { checkJob, createJobs, type JobsOptions } from './create-jobs.ts'
export { type FunctionCode, jobOfFunction } from './function-code.ts'
export { createJobWorker, type JobWorker } from './job-worker.ts'
export type { WorkerOptions } from './worker-options.ts'
export { isQueued } from './queue-supervisor.ts'
export type * from './jobs.ts'
