import { AppError, parseRunFilter } from '@trainyard/contract'
import type { NativeContext } from './context.ts'

interface Selection {
  runs?: string[]
  filter?: string
  project?: string
}

const pageSize = 1_000
/** What one request may change: more is done in several. */
const mostRuns = 100_000

/** Ids of the runs meant: those named, or those a filter finds. `invalid_argument` when it is both or neither. */
export async function selectedRuns(
  context: NativeContext,
  { runs, filter, project }: Selection,
  options: { trashed?: boolean } = {},
): Promise<string[]> {
  if ((runs === undefined) === (filter === undefined))
    throw new AppError('invalid_argument', 'The body: name the runs in `runs`, or give a `filter`, one of the two.')
  if (runs !== undefined) return [...new Set(runs)]
  const scope = { ...options, ...(project === undefined ? {} : { project }) }
  return await searchAllIds(context, { ...scope, filter: filter! })
}

export async function searchAllIds(
  { tracking, clock }: NativeContext,
  { filter, ...scope }: { filter?: string; project?: string; trashed?: boolean },
): Promise<string[]> {
  const parsed = filter === undefined ? {} : { filter: parseRunFilter(filter, { nowMs: clock.nowMs() }) }
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await tracking.runs.search({
      ...scope,
      ...parsed,
      limit: pageSize,
      ...(cursor === undefined ? {} : { cursor }),
    })
    ids.push(...page.runs.map((run) => run.id))
    if (ids.length > mostRuns)
      throw new AppError('failed_precondition', `The filter finds more than ${mostRuns.toLocaleString('en')} runs; narrow it.`)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return ids
}
