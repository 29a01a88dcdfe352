/**
 * Hyper-parameter search: what to try next, what was best, what to stop early.
 *
 * It is not the execution of iterations: samplers and pruners are pure functions of a specification, a seed and a history, and know
 * no process (`sweep-driver.ts` connects them with one). Start with `study.ts` (ask), then `selector.ts` (what best means) and
 * `samplers/` (one file per strategy). A new sampler is a file there and a row in `createSampler`.
 */
export { type HyperParameter, printHyperParameter } from './distributions.ts'
export { parseHyperParameter } from './hyper-parameter-text.ts'
export { type IterationTable, iterationTable, type TableIteration } from './iteration-table.ts'
export { type Axis, type ParallelCoordinates, parallelCoordinates } from './parallel-coordinates.ts'
export { readParameterFile } from './parameter-file.ts'
export type { ParameterFile, ParameterRows } from './parameter-rows.ts'
export { type AshaOptions, type AshaReport, createAshaPruner, type Pruner } from './pruners/asha.ts'
export { newSeed } from './random.ts'
export {
  bestIteration,
  type BestIteration,
  type IterationResult,
  parseSelector,
  printSelector,
  type Selector,
} from './selector.ts'
export { type Ask, createStudy, defaultIterations, resolveStudySpec, type Study, type StudySpec } from './study.ts'
export { type Trial, TrialHistory, trialOfRun } from './trial-history.ts'
export { coresAtHand, type FinishedIteration, startSweep, type SweepEvents } from './sweep-driver.ts'
export type { Resumption } from './iteration-source.ts'
export { extendedSweep } from './extend-sweep.ts'
export { planSweep, type SweepPlan } from './sweep-plan.ts'
export type { SweepTotals } from './sweep-record.ts'
