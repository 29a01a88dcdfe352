import { countOf, parseRunFilter, parseRunSort, type RunRecord } from '@trainyard/contract'
import type { Command } from 'commander'
import type { RunQuery, Tracking } from '../../tracking/index.ts'
import type { Cli } from '../cli.ts'
import { allOf, createdSince, parseCount, parseStates, parseTime, stateIn } from '../option-values.ts'
import { toJsonText } from '../output/json.ts'
import { renderTable } from '../output/table.ts'
import { addExamples } from '../examples.ts'
import { defaultColumns, type Look, namedColumns, type RunColumn } from '../run-columns.ts'
import { openRecords } from '../open-records.ts'

interface ListOptions {
  filter?: string
  sort?: string
  state?: string
  since?: string
  limit?: string
  all?: boolean
  cursor?: string
  iterations?: boolean
  columns?: string
}

const defaultLimit = 25
const pageSize = 1000

export function define(command: Command, cli: Cli): void {
  command
    .option('-f, --filter <condition>', 'which runs, for example "metrics.accuracy > 0.9 and params.eta = 0.3"')
    .option('-s, --sort <fields>', 'order, for example "metrics.accuracy desc" (default: newest first)')
    .option('--state <states>', 'only runs in these states, separated by commas; ended stands for all final ones')
    .option('--since <time>', 'only runs made since, for example 12h, 7d or 2026-03-01')
    .option('-n, --limit <count>', `how many (default: ${defaultLimit})`)
    .option('-a, --all', 'all of them')
    .option('--cursor <text>', 'go on where a previous --json answer ended (its "next")')
    .option('-i, --iterations', 'iterations of sweeps and nested runs too')
    .option('-c, --columns <fields>', 'what to show, for example "id, name, state, metrics.loss, labels.team"')
    .action(async (options: ListOptions) => list(cli, options))
  addExamples(command, cli, [
    ['trainyard ls', 'the newest runs'],
    ['trainyard ls -f "metrics.accuracy > 0.9" -s "metrics.accuracy desc"', 'the best ones'],
    ['trainyard ls --state failed --since 7d', 'what failed this week'],
    ['trainyard ls -q | head -2 | xargs trainyard compare', 'ids for other commands'],
  ])
}

async function list(cli: Cli, options: ListOptions): Promise<void> {
  const query = toQuery(cli, options)
  const columns = options.columns === undefined ? undefined : namedColumns(options.columns)
  await using session = await openRecords(cli)
  if (cli.globals.json) return await printAsJson(cli, session.tracking, query, options.all === true)

  const look: Look = { nowMs: cli.nowMs(), style: cli.style, unicode: cli.config.unicode }
  let shown = 0
  for await (const page of pages(session.tracking, query, options.all === true)) {
    if (page.runs.length > 0) await printPage(cli, page.runs, columns, look, shown === 0)
    shown += page.runs.length
    const isCutByUs = page.next !== null && options.all !== true && options.limit === undefined
    if (isCutByUs) cli.note(cli.style.dim('There are more: --limit 100 or --all shows them.'))
  }
  if (shown > 0) return
  cli.note(query.filter === undefined ? 'There are no runs yet.' : await explainNoMatch(session.tracking, query))
}

/** Conditions on parameters often mean the iterations of a sweep, which are listed only when asked for. */
async function explainNoMatch(tracking: Tracking, query: RunQuery): Promise<string> {
  if (query.iterations === true) return 'No run matches.'
  const { runs, next } = await tracking.runs.search({ ...query, iterations: true, limit: pageSize })
  if (runs.length === 0) return 'No run matches.'
  const only = runs.every(({ kind }) => kind === 'iteration')
  const found = only
    ? countOf(runs.length, 'iteration')
    : countOf(runs.length, 'iteration or nested run', 'iterations or nested runs')
  return `No run of its own matches, but ${next === null ? '' : 'more than '}${found} ${runs.length === 1 ? 'does' : 'do'}: add --iterations.`
}

function toQuery(cli: Cli, options: ListOptions): RunQuery {
  const nowMs = cli.nowMs()
  const filter = allOf([
    options.filter === undefined ? undefined : parseRunFilter(options.filter, { nowMs }),
    options.state === undefined ? undefined : stateIn(parseStates(options.state, '--state')),
    options.since === undefined ? undefined : createdSince(parseTime(options.since, '--since', nowMs)),
  ])
  const limit = options.limit === undefined ? defaultLimit : parseCount(options.limit, '--limit')
  return {
    ...(filter === undefined ? {} : { filter }),
    ...(options.sort === undefined ? {} : { sort: parseRunSort(options.sort) }),
    ...(cli.project === undefined ? {} : { project: cli.project }),
    ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
    iterations: options.iterations === true,
    limit: options.all === true ? pageSize : limit,
  }
}

async function* pages(
  tracking: Tracking,
  query: RunQuery,
  all: boolean,
): AsyncGenerator<{ runs: RunRecord[]; next: string | null }> {
  for (let cursor = query.cursor; ;) {
    const page = await tracking.runs.search(cursor === undefined ? query : { ...query, cursor })
    yield page
    if (page.next === null || !all) return
    cursor = page.next
  }
}

async function printPage(
  cli: Cli,
  runs: readonly RunRecord[],
  named: readonly RunColumn[] | undefined,
  look: Look,
  first: boolean,
): Promise<void> {
  if (cli.globals.quiet) return cli.print(runs.map((run) => run.id).join('\n'))
  const columns = named ?? defaultColumns(runs, { project: cli.project })
  const rows = runs.map((run) => columns.map((column) => column.cell(run, look)))
  await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style, header: first }).join('\n'))
}

/** `{ "runs": [...], "next": … }`, written page by page so that a million runs need no more memory than a thousand. */
async function printAsJson(cli: Cli, tracking: Tracking, query: RunQuery, all: boolean): Promise<void> {
  // Nothing is written before the first page is there: a refused cursor must not leave half an answer.
  let before = '{\n  "runs": ['
  let next: string | null = null
  for await (const page of pages(tracking, query, all)) {
    for (const run of page.runs) {
      await cli.write(`${before}\n    ${toJsonText(run).replaceAll('\n', '\n    ')}`)
      before = ','
    }
    next = page.next
  }
  await cli.write(`${before === ',' ? '\n  ' : before}],\n  "next": ${toJsonText(next)}\n}\n`)
}
