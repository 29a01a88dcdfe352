import { type RunFilter, type RunRecord, stateOfWord } from '@trainyard/contract'
import type { RunQuery, TextCondition } from '../../tracking/index.ts'
import { invalid, missing } from './errors.ts'
import { runIdOf } from './names.ts'
import { Query } from './query.ts'
import type { MlrunContext } from './route.ts'

const equals = (name: 'id' | 'parent' | 'state' | 'name', values: string[]): RunFilter => ({
  type: 'in',
  field: { scope: 'attribute', name },
  values,
  negated: false,
})

const both = (filters: readonly RunFilter[]): RunFilter | undefined =>
  filters.length === 0 ? undefined : filters.reduce((left, right) => ({ type: 'and', left, right }))

const either = (left: RunFilter, right: RunFilter): RunFilter => ({ type: 'or', left, right })

function textFilter(name: 'name', { text, contains }: TextCondition): RunFilter {
  const field = { scope: 'attribute', name } as const
  if (!contains) return { type: 'comparison', field, operator: '=', value: text }
  return { type: 'comparison', field, operator: 'ilike', value: `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%` }
}

/** `key`, `key=value` and `key=~value`; a key that is only known in part is looked for among the runs that were found. */
function labelFilter({ key, value }: { key: TextCondition; value?: TextCondition }): RunFilter | undefined {
  if (key.contains) return undefined
  const field = { scope: 'labels', name: key.text } as const
  if (value === undefined) return { type: 'null', field, negated: true }
  if (!value.contains) return { type: 'comparison', field, operator: '=', value: value.text }
  return { type: 'comparison', field, operator: 'ilike', value: `%${value.text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%` }
}

function timeFilters(query: Query): RunFilter[] {
  const found: RunFilter[] = []
  const add = (name: 'created' | 'ended', operator: '>=' | '<=', atMs: number | undefined) => {
    if (atMs !== undefined) found.push({ type: 'comparison', field: { scope: 'attribute', name }, operator, value: atMs })
  }
  add('created', '>=', query.timeMs('start_time_from'))
  add('created', '<=', query.timeMs('start_time_to'))
  add('ended', '>=', query.timeMs('end_time_from'))
  add('ended', '<=', query.timeMs('end_time_to'))
  return found
}

/** What the records are asked for, and what is left to look at in those that are found. */
export function toRunQuery(project: string, query: Query): { query: RunQuery; accepts: (run: RunRecord) => boolean } {
  const labels = query.labels()
  const name = query.condition('name')
  const uids = query.list('uid').map((uid) => runIdOf(project, uid))
  const states = query.list('state', 'states').map((word) => {
    const state = stateOfWord(word)
    if (state === undefined) throw invalid(`The state '${word.slice(0, 40)}' of a run is not known.`)
    return state
  })
  const filter = both([
    ...(name === undefined ? [] : [textFilter('name', name)]),
    ...(uids.length === 0 ? [] : [either(equals('id', uids), equals('parent', uids))]),
    ...(states.length === 0 ? [] : [equals('state', states)]),
    ...labels.flatMap((label) => labelFilter(label) ?? []),
    ...timeFilters(query),
  ])
  const [from, to] = [query.timeMs('last_update_time_from'), query.timeMs('last_update_time_to')]
  const partly = labels.filter(({ key }) => key.contains)
  return {
    query: {
      ...(project === '*' ? {} : { project }),
      iterations: query.flag('iter') ?? false,
      ...(filter === undefined ? {} : { filter }),
    },
    accepts: (run) =>
      (from === undefined || run.updatedAtMs >= from) &&
      (to === undefined || run.updatedAtMs <= to) &&
      partly.every(({ key, value }) =>
        Object.entries(run.labels).some(([label, text]) => holds(label, key) && (value === undefined || holds(text, value))),
      ),
  }
}

const holds = (text: string, { text: part, contains }: TextCondition): boolean =>
  contains ? text.toLowerCase().includes(part.toLowerCase()) : text === part

const pageLimit = 10_000

/** Everything that is asked for; a listing without pages is the client's own wish. */
async function findAll({ tracking }: MlrunContext, project: string, query: Query): Promise<RunRecord[]> {
  const { query: search, accepts } = toRunQuery(project, query)
  const found: RunRecord[] = []
  let cursor: string | undefined
  do {
    const { runs, next } = await tracking.runs.search({
      ...search,
      limit: pageLimit,
      ...(cursor === undefined ? {} : { cursor }),
    })
    found.push(...runs.filter(accepts))
    cursor = next ?? undefined
  } while (cursor !== undefined)
  return inPartitions(found, query)
}

/** The first few of each group of runs, in the order asked for. */
function inPartitions(runs: RunRecord[], query: Query): RunRecord[] {
  const by = query.text('partition-by')
  if (by === undefined) return runs
  if (by !== 'name' && by !== 'project_and_name')
    throw invalid(`Runs are listed by 'name' or 'project_and_name', not by '${by.slice(0, 40)}'.`)
  const isUpdated = query.text('partition-sort-by') === 'updated'
  const sign = query.text('partition-order') === 'asc' ? 1 : -1
  const at = (run: RunRecord): number => (isUpdated ? run.updatedAtMs : run.createdAtMs)
  const groups = new Map<string, RunRecord[]>()
  for (const run of runs.toSorted((left, right) => sign * (at(left) - at(right)))) {
    const name = by === 'name' ? run.name : `${run.project}/${run.name}`
    groups.set(name, [...(groups.get(name) ?? []), run])
  }
  const rows = query.integer('rows-per-partition') ?? 1
  const most = query.integer('max-partitions') || groups.size
  return [...groups.values()].slice(0, most).flatMap((group) => group.slice(0, rows))
}

export interface RunPage {
  runs: RunRecord[]
  pagination: { page: number | null; 'page-size': number | null; 'page-token': string | null }
}

const usualPageSize = 20
const largestPageSize = 1_000

/** A page, or everything when no page is asked for. A token says all of what was asked first. */
export async function findRuns(
  context: MlrunContext,
  project: string,
  asked: Query,
  written: Record<string, unknown>,
): Promise<RunPage> {
  const token = asked.text('page-token')
  const given = token === undefined ? written : readToken(token)
  const query = token === undefined ? asked : new Query(given)
  const page = query.integer('page')
  const size = query.integer('page-size')
  if (page === undefined && size === undefined)
    return { runs: await findAll(context, project, query), pagination: { page: null, 'page-size': null, 'page-token': null } }
  const pageSize = size ?? usualPageSize
  const number = page ?? 1
  if (pageSize < 1 || pageSize > largestPageSize) throw invalid(`A page has 1 to ${largestPageSize} runs, not ${pageSize}.`)
  if (number < 1) throw invalid(`Pages are counted from 1, not ${number}.`)
  const cursor = query.text('cursor')
  const isPlain = !['partition-by', 'last_update_time_from', 'last_update_time_to'].some((name) => query.text(name) !== undefined)
  if (isPlain && (number === 1 || cursor !== undefined) && query.labels().every(({ key }) => !key.contains)) {
    // Where the page before ended: its client reads long lists in hundreds of pages.
    const search = { ...toRunQuery(project, query).query, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) }
    const { runs, next } = await context.tracking.runs.search(search)
    const following =
      next === null ? null : writeToken({ ...given, cursor: next, page: String(number + 1), 'page-size': String(pageSize) })
    return { runs, pagination: { page: number, 'page-size': pageSize, 'page-token': following } }
  }
  const all = await findAll(context, project, query)
  const runs = all.slice((number - 1) * pageSize, number * pageSize)
  const isLast = number * pageSize >= all.length
  const next = isLast ? null : writeToken({ ...given, page: String(number + 1), 'page-size': String(pageSize) })
  return { runs, pagination: { page: number, 'page-size': pageSize, 'page-token': next } }
}

const writeToken = (query: Record<string, unknown>): string => Buffer.from(JSON.stringify(query)).toString('base64url')

export function readToken(token: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>
  } catch {
    // Not one of ours.
  }
  // What its client takes for the end of a listing.
  throw missing('The page token is not one of this server; begin with the first page.')
}
