import { AppError, nearestName, runIdPattern } from '@trainyard/contract'
import { sql } from 'kysely'
import type { Reader } from '../database/index.ts'

interface ResolveOptions {
  project?: string
  trashed?: boolean
}

const idPrefix = /^[0-9a-f]{4,32}$/
const iterationReference = /^(.+)\/([1-9]\d{0,8})$/u
const candidatesShown = 8

/** See `RunRecords.resolve`. A name is looked for before an id prefix, so that a run called `cafe` can be reached. */
export async function resolveRun(reader: Reader, text: string, options: ResolveOptions = {}): Promise<string> {
  const found = await tryResolve(reader, text, options)
  if (found !== undefined) return found
  const iteration = iterationReference.exec(text)
  if (iteration) {
    const parent = await tryResolve(reader, iteration[1]!, options)
    if (parent !== undefined) return await resolveIteration(reader, parent, Number(iteration[2]))
  }
  throw await notFound(reader, text, options)
}

async function tryResolve(reader: Reader, text: string, options: ResolveOptions): Promise<string | undefined> {
  const query = runsOf(reader, options)
  if (text === 'latest') {
    const latest = await query
      .where(sql<boolean>`iteration = 0 and parent is null`)
      .orderBy('created_at', 'desc')
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (!latest) throw new AppError('not_found', options.trashed ? 'The trash is empty.' : 'There are no runs yet.')
    return latest.id
  }
  const lower = text.toLowerCase()
  if (runIdPattern.test(lower)) {
    const exact = await query.where('id', '=', lower).executeTakeFirst()
    if (exact) return exact.id
  }
  const named = query.where('name', '=', text).orderBy('created_at', 'desc').orderBy('number', 'desc').limit(1)
  // Iterations have the name of their sweep, nested runs perhaps that of another run, and they are younger.
  const newest =
    (await named.where(sql<boolean>`iteration = 0 and parent is null`).executeTakeFirst()) ?? (await named.executeTakeFirst())
  if (newest) return newest.id
  return idPrefix.test(lower) ? await resolvePrefix(reader, lower, options) : undefined
}

async function resolvePrefix(reader: Reader, prefix: string, options: ResolveOptions): Promise<string | undefined> {
  const matches = await runsOf(reader, options)
    .select('name')
    .where('id', '>=', prefix)
    // 'g' follows the last hexadecimal digit.
    .where('id', '<', `${prefix}g`)
    .orderBy('id')
    .limit(candidatesShown + 1)
    .execute()
  if (matches.length <= 1) return matches[0]?.id
  const shown = matches.slice(0, candidatesShown).map((run) => `${run.id} (${run.name})`)
  const more = matches.length > candidatesShown ? ', …' : ''
  throw new AppError('invalid_argument', `'${prefix}' fits several runs: ${shown.join(', ')}${more}; give more digits.`, {
    details: { candidates: matches.slice(0, candidatesShown).map((run) => run.id) },
  })
}

async function resolveIteration({ kysely }: Reader, parent: string, iteration: number): Promise<string> {
  const child = await kysely
    .selectFrom('runs as child')
    .innerJoin('runs as parent', 'parent.number', 'child.parent')
    .select('child.id')
    .where('parent.id', '=', parent)
    .where('child.iteration', '=', iteration)
    .executeTakeFirst()
  if (child) return child.id
  throw new AppError('not_found', `Run ${parent} has no iteration ${iteration}.`, { details: { runId: parent } })
}

async function notFound(reader: Reader, text: string, options: ResolveOptions): Promise<AppError> {
  const recent = await runsOf(reader, options)
    .select('name')
    .orderBy('created_at', 'desc')
    .orderBy('number', 'desc')
    .limit(500)
    .execute()
  const nearest = nearestName(text, new Set(recent.map((run) => run.name)))
  const where = options.trashed ? ' in the trash' : options.project === undefined ? '' : ` in project ${options.project}`
  const hint =
    nearest === undefined ? "Give an id, at least four digits of one, a run's name, or 'latest'." : `Did you mean ${nearest}?`
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return new AppError(
    'not_found',
    `There is no run '${shown}'${where}. ${hint}`,
    nearest === undefined ? {} : { details: { nearest } },
  )
}

const runsOf = ({ kysely }: Reader, { project, trashed = false }: ResolveOptions) =>
  kysely
    .selectFrom('runs')
    .select('id')
    .where('trashed_at', trashed ? 'is not' : 'is', null)
    .$if(project !== undefined, (query) =>
      query.where('project', '=', (expression) =>
        expression.selectFrom('projects').select('projects.number').where('projects.name', '=', project!),
      ),
    )
