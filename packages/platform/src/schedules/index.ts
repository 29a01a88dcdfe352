/**
 * Schedules: when a run is asked for. By the clock (cron, intervals, one moment), when an artifact or a model version arrives, or when
 * somebody calls a webhook; with what is done about runs that overlap and about times that were missed.
 *
 * It asks `jobs/` to start what is due and runs nothing itself. Any number of servers may look after one set of schedules: each time is
 * fired once.
 *
 * Start with `schedules.ts` (the promises), then `next-times.ts` (the clock), `due.ts` (what is fired and what was missed) and
 * `scheduler.ts` (the loop).
 */
export { checkAskedJob } from './check-scheduled-job.ts'
export { createSchedules, type SchedulesOptions } from './create-schedules.ts'
export { checkTiming, nextTimes } from './next-times.ts'
export { type Scheduler, startScheduler } from './scheduler.ts'
export type * from './schedules.ts'
