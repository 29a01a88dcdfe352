/**
 * The MLflow dialect: the REST protocol of that tracking server, spoken to its clients unchanged, over our own records.
 *
 * It translates: messages to calls of `tracking/`, records to messages, errors to the codes its clients switch on. It keeps nothing of
 * its own and knows no other dialect and no database. What it does not serve is answered with 404, which is what clients fall back on.
 *
 * Start with `dialect.ts` (the table of all routes) and `runs.ts`; `wire.ts` is how messages are read, `run-view.ts` what a run looks
 * like, `run-filter.ts` how a search becomes our filter, `artifact-places.ts` where bytes lie.
 */
export { createArtifactPlaces } from './artifact-places.ts'
export { mlflowDialect } from './dialect.ts'
export { openLogLane } from './log-lane.ts'
