import { AppError, parseRunFilter, type RunFilter, type RunRecord } from '@trainyard/contract'
import type { Tracking } from '../tracking/index.ts'
import type { Cli } from './cli.ts'
import { allOf, createdBefore, parseDuration, parseStates, stateIn } from './option-values.ts'

export interface SelectionOptions {
  filter?: string
  state?: string
  olderThan?: string
  /** Every run of the project, or of all. */
  all?: boolean
}

/** Several runs, named one by one or picked by conditions. */
export interface Selection {
  runs: RunRecord[]
  /** Picked by a condition: then the user has not seen the names. */
  byCondition: boolean
}

const pageSize = 1000

/** Fails with `invalid_argument` when both ways or neither are used, and as `resolve` does. */
export async function selectRuns(
  cli: Cli,
  tracking: Tracking,
  references: readonly string[],
  options: SelectionOptions & { trashed?: boolean },
): Promise<Selection> {
  const filter = toFilter(options, cli.nowMs())
  if (options.all === true) {
    if (references.length > 0 || filter !== undefined)
      throw new AppError('invalid_argument', '--all leaves nothing to name or to filter.')
    return { runs: await searchAll(tracking, cli.project === undefined ? {} : { project: cli.project }), byCondition: true }
  }
  if (references.length > 0 && filter !== undefined) {
    throw new AppError('invalid_argument', 'Name runs or give --filter, --state or --older-than, not both.')
  }
  if (references.length === 0 && filter === undefined) {
    throw new AppError('invalid_argument', 'Say which runs: name them, or give --filter, --state or --older-than.')
  }
  const scope = {
    ...(cli.project === undefined ? {} : { project: cli.project }),
    ...(options.trashed === true ? { trashed: true } : {}),
  }
  if (filter === undefined) {
    const ids = await Promise.all(references.map((reference) => tracking.runs.resolve(reference, scope)))
    return { runs: await tracking.runs.getMany([...new Set(ids)]), byCondition: false }
  }
  return { runs: await searchAll(tracking, { filter, ...scope }), byCondition: true }
}

export async function searchAll(
  tracking: Tracking,
  query: { filter?: RunFilter; project?: string; trashed?: boolean; iterations?: boolean },
): Promise<RunRecord[]> {
  const runs: RunRecord[] = []
  let cursor: string | undefined
  do {
    const page = await tracking.runs.search({ ...query, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    runs.push(...page.runs)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return runs
}

export function toFilter(options: SelectionOptions, nowMs: number): RunFilter | undefined {
  return allOf([
    options.filter === undefined ? undefined : parseRunFilter(options.filter, { nowMs }),
    options.state === undefined ? undefined : stateIn(parseStates(options.state, '--state')),
    options.olderThan === undefined ? undefined : createdBefore(nowMs - parseDuration(options.olderThan, '--older-than')),
  ])
}
