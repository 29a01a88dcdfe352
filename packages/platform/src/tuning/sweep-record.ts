import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AppError,
  isAppError,
  isEnded,
  type JsonObject,
  type JsonValue,
  type RunError,
  type RunRecord,
  type RunState,
  type Supervisor,
  type SweepSummary,
  toWireNumber,
  countOf,
} from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import {
  captureCode,
  captureEnvironment,
  createRunDirectory,
  type Execution,
  type PreparedRun,
  removeRunDirectory,
  takeResultsOf,
} from '../execution/index.ts'
import type { Resumption } from './iteration-source.ts'
import { iterationTable } from './iteration-table.ts'
import { parallelCoordinates } from './parallel-coordinates.ts'
import { bestIteration } from './selector.ts'
import type { SweepPlan } from './sweep-plan.ts'

export interface SweepTotals {
  planned: number
  completed: number
  failed: number
  /** Stopped early, aborted or skipped. */
  stopped: number
  running: number
  best: { id: string; iteration: number; value: number } | undefined
  stopReason: string | undefined
}

/** Makes the parent's record, or takes it up again, in state `running`. */
export async function beginSweepRecord(
  execution: Execution,
  parent: PreparedRun,
  options: { plan: SweepPlan; supervisor: Supervisor; resume: Resumption | undefined; record: 'create' | 'continue' },
): Promise<void> {
  const { runs } = execution.tracking
  const task = { ...parent.task, sweep: options.plan.spec }
  Object.assign(parent.choices, options.plan.choices)
  if (options.resume !== undefined) {
    const patch = { supervisor: options.supervisor, host: options.supervisor.host, exit: null, error: null, task }
    // The results of an earlier best iteration are forgotten; the parent shows those of one.
    const { onlyRepeats, isExtended = false } = options.resume
    // A complete sweep is begun again only when that was asked for: of two resumes the second may find that the first has finished.
    const from: RunState[] =
      options.record === 'continue'
        ? ['pending']
        : [...(onlyRepeats || isExtended ? ['completed' as const] : []), 'failed', 'aborted', 'skipped']
    await runs
      .transition(parent.id, { to: 'running', reason: 'resumed', atMs: execution.clock.nowMs(), from, patch, anew: true })
      .catch((error: unknown) => {
        if (!isAppError(error, 'failed_precondition')) throw error
        throw new AppError('failed_precondition', `${parent.name} has been resumed by another process at the same time.`, {
          cause: error,
        })
      })
    createRunDirectory(execution.directory.runs, parent.id)
    return
  }
  if (options.record === 'continue')
    await runs.transition(parent.id, {
      to: 'running',
      from: ['pending'],
      atMs: execution.clock.nowMs(),
      patch: { supervisor: options.supervisor, host: options.supervisor.host, outPath: parent.outPath, task },
    })
  else
    await runs.create({
      id: parent.id,
      name: parent.name,
      project: parent.project,
      experiment: parent.experiment,
      kind: 'sweep',
      state: 'running',
      createdAtMs: execution.clock.nowMs(),
      owner: execution.owner,
      host: options.supervisor.host,
      parameters: parent.parameters,
      labels: parent.labels,
      task,
      outPath: parent.outPath,
      supervisor: options.supervisor,
    })
  createRunDirectory(execution.directory.runs, parent.id)
  await recordInputs(execution, parent)
  await runs.update(parent.id, { sweep: toSummary(options.plan, undefined), code: await captureCode(execution, parent) })
}

/** Each iteration reads them; the sweep shows them. As a journal of our own, so that it may be told again without doubling. */
async function recordInputs(execution: Execution, parent: PreparedRun): Promise<void> {
  const nowMs = execution.clock.nowMs()
  const lines = Object.entries(parent.inputs).map(
    ([key, { url }], index) => `${JSON.stringify([index + 1, nowMs, 'input', { key, url }])}\n`,
  )
  if (lines.length > 0) await execution.tracking.journals.ingest(parent.id, 'inputs', Buffer.from(lines.join('')))
}

const toSummary = (plan: SweepPlan, totals: SweepTotals | undefined): SweepSummary => ({
  planned: plan.study.planned,
  completed: totals?.completed ?? 0,
  failed: totals?.failed ?? 0,
  stopped: totals?.stopped ?? 0,
  running: totals?.running ?? 0,
  bestIteration: totals?.best?.iteration ?? null,
  bestRunId: totals?.best?.id ?? null,
  seed: plan.seed,
  stopReason: totals?.stopReason ?? null,
})

interface Ending {
  plan: SweepPlan
  totals: SweepTotals
  closing: { reason: string; aborted: boolean } | undefined
  broken: RunError | undefined
  /** What ran the iterations, where any was started. */
  interpreter: JsonObject | undefined
}

function conclude(
  { plan, totals, closing, broken }: Ending,
  children: readonly RunRecord[],
): { state: 'completed' | 'failed' | 'aborted'; reason: string | null } {
  if (closing?.aborted) return { state: 'aborted', reason: closing.reason }
  if (broken !== undefined) return { state: 'failed', reason: broken.message }
  if (totals.completed === 0) {
    const first = children.find((child) => child.state === 'failed')?.stateReason
    return {
      state: 'failed',
      reason: `none of ${countOf(children.length, 'iteration')} completed${first ? `; the first failure: ${first}` : ''}`,
    }
  }
  if (plan.spec.maxErrors !== undefined && totals.failed >= plan.spec.maxErrors)
    return { state: 'failed', reason: closing?.reason ?? 'too many iterations failed' }
  if (plan.selector !== undefined) {
    const best = bestIteration(plan.selector, children)
    if (best.kind === 'none') return { state: 'failed', reason: best.message }
  }
  return { state: 'completed', reason: closing?.reason ?? null }
}

/** Gives the parent its final state, the best iteration's results and artifacts, and the table of iterations. */
export async function concludeSweep(execution: Execution, parent: PreparedRun, ending: Ending): Promise<RunRecord> {
  const { runs } = execution.tracking
  const children = await runs.children(parent.id)
  const { state, reason } = conclude(ending, children)
  if (ending.totals.best !== undefined) await takeResultsOf(execution, parent.id, ending.totals.best.id)
  const directory = createRunDirectory(execution.directory.runs, parent.id)
  const isRefused = ending.broken !== undefined && ending.totals.completed === 0
  if (children.length > 0 && !isRefused) {
    await storeTables(execution, parent, ending.plan, children, directory.path).catch((error: unknown) =>
      runs.addProblem(parent.id, `the table of iterations could not be stored: ${messageOf(error)}`),
    )
  }
  const current = await runs.get(parent.id)
  // A resume that starts nothing leaves what ran the iterations then.
  const interpreter = ending.interpreter ?? current.environment?.interpreter
  const environment = await captureEnvironment(execution, interpreter, parent.choices)
  if (!isEnded(current.state)) {
    await runs.transition(parent.id, {
      to: state,
      ...(reason === null ? {} : { reason }),
      atMs: execution.clock.nowMs(),
      patch: {
        sweep: toSummary(ending.plan, { ...ending.totals, running: 0 }),
        error: ending.broken ?? null,
        supervisor: null,
        environment,
      },
    })
  }
  removeRunDirectory(directory)
  return runs.get(parent.id)
}

const csvCell = (value: JsonValue | undefined): string => {
  const text =
    value === undefined || value === null
      ? ''
      : typeof value === 'string'
        ? value
        : typeof value === 'number'
          ? String(toWireNumber(value))
          : JSON.stringify(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Every iteration as a row: a CSV for people and programs, and the data of a parallel-coordinates chart. */
async function storeTables(
  execution: Execution,
  parent: PreparedRun,
  plan: SweepPlan,
  children: readonly RunRecord[],
  folder: string,
): Promise<void> {
  const options = { keys: plan.study.keys, ...(plan.selector === undefined ? {} : { selector: plan.selector }) }
  const table = iterationTable(children, options)
  const header = [
    'iteration',
    'state',
    'best',
    ...table.columns.map(({ name, source }) => (source === 'parameter' ? `param.${name}` : name)),
  ]
  const rows = table.rows.map(({ iteration, state, best, values }): JsonValue[] => [iteration, state, best, ...values])
  const csv = [header, ...rows].map((row) => row.map(csvCell).join(',')).join('\n')
  const metadata = { header, rowCount: rows.length }
  await store(execution, parent, folder, {
    key: 'iteration_results',
    kind: 'table',
    path: 'iteration_results.csv',
    format: 'csv',
    text: `${csv}\n`,
    metadata,
  })
  const chart = JSON.stringify(parallelCoordinates(children, options))
  await store(execution, parent, folder, {
    key: 'parallel_coordinates',
    kind: 'chart',
    path: 'parallel_coordinates.json',
    format: 'json',
    text: chart,
    metadata: { chart: 'parallel_coordinates' },
  })
}

async function store(
  execution: Execution,
  parent: PreparedRun,
  folder: string,
  artifact: {
    key: string
    kind: 'table' | 'chart'
    path: string
    format: string
    text: string
    metadata: Record<string, JsonValue>
  },
): Promise<void> {
  const { text, path, ...described } = artifact
  mkdirSync(join(folder, 'files'), { recursive: true })
  const spooled = join(folder, 'files', path)
  writeFileSync(spooled, text)
  const target = `${parent.outPath}/${path}`
  const stored = await execution.places.moveIn(spooled, target)
  await execution.tracking.artifacts.add({
    ...described,
    ...stored,
    target,
    runId: parent.id,
    project: parent.project,
    iteration: 0,
    createdAtMs: execution.clock.nowMs(),
  })
}
