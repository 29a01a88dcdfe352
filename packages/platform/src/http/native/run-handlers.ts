import {
  AppError,
  bestRunIds,
  isEnded,
  parseRunFilter,
  parseRunSort,
  type RunRecord,
  withBestParameters,
} from '@trainyard/contract'
import { abortRun, readCodeText } from '../../execution/index.ts'
import { compareRuns, reporter, type RunQuery, sharedGround, withGround } from '../../tracking/index.ts'
import { iterationTable, parallelCoordinates, parseSelector } from '../../tuning/index.ts'
import type { SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { noteLabel, toBatch } from './run-batch.ts'
import { selectedRuns } from './selected-runs.ts'

/** An iteration table of more than this many rows is for a program that reads the runs page by page. */
const longestSweep = 100_000

export const runHandlers: SomeHandlers<
  | 'searchRuns'
  | 'countRuns'
  | 'resolveRun'
  | 'getRuns'
  | 'getRun'
  | 'reportRun'
  | 'logToRun'
  | 'labelRuns'
  | 'abortRuns'
  | 'trashRuns'
  | 'restoreRuns'
  | 'compareRuns'
  | 'getRunCode'
  | 'getRunStates'
  | 'getIterations'
  | 'getSweep'
  | 'getNotifications'
  | 'setNotifications'
  | 'getDatasets'
  | 'addDatasets'
> = {
  searchRuns: ({ tracking, clock }, { query: { filter, sort, ...rest } }) => {
    const query: RunQuery = { ...rest }
    if (filter !== undefined) query.filter = parseRunFilter(filter, { nowMs: clock.nowMs() })
    if (sort !== undefined) query.sort = parseRunSort(sort)
    return tracking.runs.search(query)
  },
  countRuns: async ({ tracking, clock }, { query: { filter, ...rest } }) => ({
    count: await tracking.runs.count({
      ...rest,
      ...(filter === undefined ? {} : { filter: parseRunFilter(filter, { nowMs: clock.nowMs() }) }),
    }),
  }),
  resolveRun: async ({ tracking }, { query: { text, ...scope } }) =>
    await tracking.runs.get(await tracking.runs.resolve(text, scope)),
  getRuns: async ({ tracking }, { body }) => ({ runs: await tracking.runs.getMany(body.runs) }),
  getRun: async ({ tracking }, { path }) => {
    const run = await tracking.runs.get(path.run)
    return { ...run, shared: await sharedGround(tracking.runs, run) }
  },
  reportRun: async ({ tracking }, { path: { run }, body: { note, ...change } }) => {
    if (Object.keys(change).length > 0) await tracking.reported.setState(run, change)
    if (note !== undefined) await tracking.runs.setLabels([run], { [noteLabel]: note })
    return await tracking.runs.get(run)
  },
  logToRun: async ({ tracking }, { path, body }) => {
    await tracking.reported.log(path.run, toBatch(body))
    return {}
  },
  labelRuns: async (context, { body: { labels, ...selection } }) => {
    const runs = await selectedRuns(context, selection)
    await context.tracking.runs.setLabels(runs, labels)
    return { runs }
  },
  abortRuns: async (context, { body, caller }) => {
    const reason = `aborted by ${caller.by}${body.reason === undefined ? '' : `: ${body.reason}`}`
    const runs = await context.tracking.runs.getMany(body.runs)
    const ended = runs.find((run) => isEnded(run.state))
    if (ended)
      throw new AppError('failed_precondition', `Run ${ended.id} is ${ended.state} already.`, { details: { runId: ended.id } })
    const one = (run: RunRecord): Promise<RunRecord> => abort(context, run, { reason, force: body.force ?? false })
    return { runs: await Promise.all(runs.map(one)) }
  },
  trashRuns: async (context, { body }) => {
    const runs = await selectedRuns(context, body)
    await context.tracking.runs.trash(runs, context.clock.nowMs())
    return { runs }
  },
  restoreRuns: async (context, { body }) => {
    const runs = await selectedRuns(context, body, { trashed: true })
    await context.tracking.runs.restore(runs)
    return { runs }
  },
  compareRuns: async ({ tracking }, { body }) => {
    const found = await tracking.runs.getMany(body.runs)
    const runs = await Promise.all(found.map((run) => withGround(tracking.runs, run)))
    const best = await Promise.all(bestRunIds(runs).map((id) => tracking.runs.find(id)))
    return compareRuns(
      withBestParameters(
        runs,
        best.filter((run) => run !== undefined),
      ),
    )
  },
  getRunCode: async ({ tracking, execution }, { path }) => {
    const { code } = await withGround(tracking.runs, await tracking.runs.get(path.run))
    const read = (sha256: string | undefined) =>
      sha256 === undefined || execution === undefined ? null : (readCodeText(execution.directory, sha256) ?? null)
    return { script: read(code?.scriptSha256), changes: read(code?.diffSha256) }
  },
  getRunStates: async ({ tracking }, { path }) => ({ states: await tracking.runs.history(path.run) }),
  getIterations: async ({ tracking }, { path }) => ({ runs: await tracking.runs.children(path.run) }),
  getSweep: async ({ tracking }, { path, query }) => {
    const sweep = await tracking.runs.get(path.run)
    const children = await tracking.runs.children(sweep.id)
    if (children.length > longestSweep)
      throw new AppError('failed_precondition', `The sweep has ${children.length} iterations; search them page by page instead.`)
    const written = query.selector ?? sweep.task?.sweep?.selector
    const selector = written === undefined ? undefined : parseSelector(written)
    const { hyperParameters } = sweep.task?.sweep ?? {}
    const options = {
      ...(selector === undefined ? {} : { selector }),
      ...(hyperParameters === undefined ? {} : { keys: Object.keys(hyperParameters) }),
    }
    return { ...iterationTable(children, options), ...parallelCoordinates(children, options) }
  },
  getNotifications: async ({ tracking, notifications }, { path }) => {
    await tracking.runs.get(path.run)
    return {
      notifications: await notifications.ofRun(path.run),
      deliveries: await notifications.deliveries({ runId: path.run }),
    }
  },
  setNotifications: async ({ notifications }, { path, body }) => {
    await notifications.attach(path.run, body.notifications)
    return { notifications: await notifications.ofRun(path.run) }
  },
  getDatasets: async ({ tracking }, { path }) => {
    await tracking.runs.get(path.run)
    return { datasets: (await tracking.datasets.ofRuns([path.run])).get(path.run) ?? [] }
  },
  addDatasets: async ({ tracking }, { path, body }) => {
    await tracking.datasets.add(path.run, body.datasets)
    return {}
  },
}

async function abort(
  { tracking, execution, jobs }: NativeContext,
  { id, supervisor }: RunRecord,
  options: { reason: string; force: boolean },
): Promise<RunRecord> {
  if (supervisor !== null && supervisor.host !== reporter(0).host) {
    const ended = await jobs?.abort(id, options)
    if (ended !== undefined && ended !== false) return ended
    if (execution) return await abortRun(execution, id, options)
    throw new AppError(
      'failed_precondition',
      `Run ${id} is watched on ${supervisor.host}; abort it there with: trainyard abort ${id}`,
    )
  }
  // A client watches it: there is no process here to stop, only a record to close.
  await tracking.reported.setState(id, { state: 'aborted' })
  return await tracking.runs.get(id)
}
