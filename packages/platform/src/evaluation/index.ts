/**
 * Evaluation: data sets of records (a question's inputs, what is expected of the answer) and scorers, which judge answers.
 *
 * It knows how records are merged and scorers numbered, and stores both through `database/`. It runs no scorer, calls no model, and
 * knows no wire format; what evaluations find out are assessments of traces (`traces/`) and metrics of runs (`tracking/`).
 *
 * Start with `evaluation.ts` (the promises), then `dataset-records.ts` (what is asked twice is one record) and `scorer-records.ts`.
 */
export { createEvaluation } from './create-evaluation.ts'
export type * from './evaluation.ts'
