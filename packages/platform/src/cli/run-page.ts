import {
  endedIterations,
  isEnded,
  type ArtifactRecord,
  type JsonObject,
  type JsonValue,
  type RunExit,
  type RunRecord,
  type RunStateChange,
  type SharedGround,
} from '@trainyard/contract'
import type { NotificationRecord } from '../notifications/index.ts'
import type { DatasetInput, MetricSeriesInfo } from '../tracking/index.ts'
import { countOf, formatBytes, formatDuration, formatNumber, formatTime, formatValue, shortId } from './output/format.ts'
import { stateStyle, stateText } from './output/state.ts'
import { renderPairs, renderTable, type Cell } from './output/table.ts'
import { visible, visibleLines } from './output/visible.ts'
import { defaultColumns, durationMs, type Look, runReference } from './run-columns.ts'
import { renderIterations } from './sweep-table.ts'

export interface RunPage {
  run: RunRecord
  history: readonly RunStateChange[]
  metrics: readonly MetricSeriesInfo[]
  artifacts: readonly ArtifactRecord[]
  /** Data sets that MLflow clients have logged. */
  datasets?: readonly DatasetInput[]
  iterations: readonly RunRecord[]
  nested?: readonly RunRecord[]
  /** Who is told of its end. */
  notifications?: readonly NotificationRecord[]
  outputBytes: number
  /** Of an iteration, when its sweep keeps code or environment for it. */
  shared?: SharedGround | null
}

export interface PageLook extends Look {
  width: number | undefined
  /** Long lists in full. */
  all: boolean
}

type Pairs = [name: string, value: Cell][]

/** Samples of the machine are metrics like any other, but nobody's results. */
const withoutSamples = (results: RunRecord['results']): RunRecord['results'] =>
  Object.fromEntries(Object.entries(results).filter(([key]) => !key.startsWith('system/')))

/** The page of one run as lines: what a person asks first stands first. */
export function renderRun(page: RunPage, look: PageLook): string[] {
  const { run, shared = null } = page
  const code = run.code ?? shared?.code ?? null
  const environment = run.environment ?? shared?.environment ?? null
  const as = (own: unknown): string => (own !== null || shared === null ? '' : `, as in ${sweepText(shared)}`)
  const sections: [title: string, lines: string[]][] = [
    ['', renderPairs(headPairs(page, look), look.style)],
    ['Error', errorLines(run, look)],
    ['Problems', run.problems.map((problem) => `  ${look.style.yellow('!')} ${visible(problem)}`)],
    ['Sweep', sweepLines(run, look)],
    ['Iterations', renderIterations(run, page.iterations, look).map(indent)],
    ['Nested', nestedLines(page.nested ?? [], look)],
    ['Parameters', valueLines(run.parameters, look)],
    ['Results', valueLines(withoutSamples(run.results), look)],
    ['Metrics', metricLines(page.metrics, look)],
    ['Labels', valueLines(run.labels, look)],
    [
      'Inputs',
      renderPairs(
        [
          ...run.inputs.map((input): [string, string] => [visible(input.key), inputText(input)]),
          ...(page.datasets ?? []).map((dataset): [string, string] => [visible(dataset.name), datasetText(dataset)]),
        ],
        look.style,
        '  ',
      ),
    ],
    ['Artifacts', artifactLines(page.artifacts, look)],
    ['Notifications', notificationLines(page, look)],
    [`Code${as(run.code)}`, renderPairs(codePairs(code), look.style, '  ')],
    [`Environment${as(run.environment)}`, renderPairs(environmentPairs(environment, look), look.style, '  ')],
    [`Choices${as(run.environment)}`, valueLines(environment?.choices ?? {}, look)],
    ['History', historyLines(page.history, look)],
  ]
  const shown = sections.filter(([, lines]) => lines.length > 0)
  return shown.flatMap(([title, lines], index) => (index === 0 ? lines : ['', look.style.bold(title)].concat(lines)))
}

const sweepText = ({ run }: SharedGround): string => `${visible(run.name)} (${shortId(run.id)})`

/** What came of each: one that was refused says why. */
function notificationLines({ notifications = [] }: RunPage, { style }: PageLook): string[] {
  const colors = { pending: style.dim, sent: style.green, error: style.red, skipped: style.dim }
  const pairs = notifications.map(({ name, kind, status, reason }): [string, Cell] => [
    visible(name === kind || name === '' ? kind : `${name} (${kind})`),
    { text: `${status}${reason === null ? '' : `: ${visible(reason)}`}`, style: colors[status] },
  ])
  return renderPairs(pairs, style, '  ')
}

const indent = (line: string): string => `  ${line}`

/** More than this many nested runs are shown in part. */
const shownNested = 20

function nestedLines(runs: readonly RunRecord[], look: PageLook): string[] {
  if (runs.length === 0) return []
  const shown = look.all ? runs : runs.slice(0, shownNested)
  const columns = defaultColumns(shown, { project: runs[0]?.project })
  const rows = shown.map((run) => columns.map((column) => column.cell(run, look)))
  const lines = renderTable(columns, rows, {
    width: look.width === undefined ? undefined : look.width - 2,
    style: look.style,
    header: true,
  })
  const left = runs.length - shown.length
  return [...lines, ...(left > 0 ? [look.style.dim(`and ${left} more: --all shows them`)] : [])].map(indent)
}

function headPairs({ run, outputBytes }: RunPage, look: PageLook): Pairs {
  const took = durationMs(run, look.nowMs)
  const state = stateText(run.state, look.unicode) + (run.stateReason === null ? '' : `: ${visible(run.stateReason)}`)
  const pairs: Pairs = [
    ['run', { text: run.id, style: look.style.cyan }],
    ['name', visible(run.name)],
    ['state', { text: state, style: stateStyle(run.state, look.style) }],
    ['project', `${visible(run.project)}${run.experiment === '' ? '' : `, experiment ${visible(run.experiment)}`}`],
  ]
  if (run.parentId !== null) pairs.push(['iteration', `${run.iteration} of ${run.parentId}`])
  pairs.push([
    'made',
    `${formatTime(run.createdAtMs)} by ${visible(run.owner)}${run.host === '' ? '' : ` on ${visible(run.host)}`}`,
  ])
  if (took !== undefined) pairs.push([isEnded(run.state) ? 'took' : 'running', formatDuration(took)])
  if (run.attempt > 1) pairs.push(['attempt', String(run.attempt)])
  if (run.exit !== null && run.state !== 'completed') pairs.push(['ended', exitText(run.exit)])
  if (outputBytes > 0) pairs.push(['output', `${formatBytes(outputBytes)}: trainyard logs ${runReference(run)}`])
  pairs.push(['files', visible(run.outPath)])
  if (run.trashedAtMs !== null)
    pairs.push(['trash', `since ${formatTime(run.trashedAtMs)}: trainyard trash restore ${runReference(run)}`])
  return pairs
}

/** How a process ended, in words. */
export function exitText(exit: RunExit): string {
  if (exit.kind === 'exited') return `exit code ${exit.code}`
  if (exit.kind === 'signalled') return `killed by ${exit.signal}${exit.outOfMemory === true ? ', out of memory' : ''}`
  if (exit.kind === 'timed_out') return `stopped after its time limit of ${formatDuration(exit.afterMs)}`
  if (exit.kind === 'cancelled') {
    return `aborted${exit.by === undefined ? '' : ` by ${visible(exit.by)}`}${exit.forced ? ', killed because it did not stop' : ''}`
  }
  return `lost: last seen ${formatTime(exit.lastSeenAtMs)} on ${visible(exit.host)}${exit.note === undefined ? '' : `, ${visible(exit.note)}`}`
}

function errorLines({ error }: RunRecord, { style }: PageLook): string[] {
  if (error === null) return []
  const lines = [`  ${style.red(`${visible(error.type)}: ${visible(error.message)}`)}`]
  if (error.traceback !== undefined)
    lines.push(
      ...visibleLines(error.traceback.trimEnd())
        .split('\n')
        .map((line) => style.dim(`  ${line}`)),
    )
  return lines
}

function sweepLines({ sweep }: RunRecord, look: PageLook): string[] {
  if (sweep === null) return []
  const ended = endedIterations(sweep)
  const parts = [`${countOf(ended, 'iteration')}${sweep.planned === null ? '' : ` of ${sweep.planned}`} ended`]
  if (sweep.running > 0) parts.push(`${sweep.running} running`)
  if (sweep.stopped) parts.push(`${sweep.stopped} stopped`)
  if (sweep.failed > 0) parts.push(look.style.red(`${sweep.failed} failed`))
  const pairs: Pairs = [['progress', parts.join(', ')]]
  if (sweep.bestIteration !== null) pairs.push(['best', { text: `iteration ${sweep.bestIteration}`, style: look.style.green }])
  if (sweep.seed !== null) pairs.push(['seed', String(sweep.seed)])
  if (sweep.stopReason !== null) pairs.push(['stopped', visible(sweep.stopReason)])
  return renderPairs(pairs, look.style, '  ')
}

const valueLines = (values: Record<string, JsonValue>, look: PageLook): string[] =>
  renderPairs(
    Object.entries(values).map(([key, value]) => [visible(key), formatValue(value, look.all ? 100_000 : 200)]),
    look.style,
    '  ',
  )

const metricColumns = [
  { header: 'metric', shrinkTo: 8 },
  { header: 'last', align: 'right' },
  { header: 'min', align: 'right' },
  { header: 'max', align: 'right' },
  { header: 'points', align: 'right' },
  { header: 'last step', align: 'right' },
] as const

/** Series of more than one point; a single point is a result and shown there. */
function metricLines(metrics: readonly MetricSeriesInfo[], { style, width }: PageLook): string[] {
  const rows = metrics
    .filter((series) => series.pointCount > 1)
    .map((series) => [
      visible(series.key),
      formatNumber(series.last.value),
      series.min === null ? '' : formatNumber(series.min),
      series.max === null ? '' : formatNumber(series.max),
      String(series.pointCount),
      String(series.last.step),
    ])
  return rows.length === 0 ? [] : renderTable(metricColumns, rows, { style, width: inside(width) }).map(indent)
}

const inside = (width: number | undefined): number | undefined => (width === undefined ? undefined : width - 2)

const inputText = ({ url, sizeBytes }: { url: string; sizeBytes?: number }): string =>
  visible(url) + (sizeBytes === undefined ? '' : ` (${formatBytes(sizeBytes)})`)

/** Where the data comes from, as its client tells it; a source that is a JSON text with one address in it is that address. */
function datasetText({ digest, sourceType, source, tags }: DatasetInput): string {
  const use = tags['mlflow.data.context']
  return [
    `data set ${visible(digest)}`,
    ...(use === undefined ? [] : [`for ${visible(use)}`]),
    `from ${visible(sourceType)} ${visible(addressIn(source))}`,
  ].join(', ')
}

function addressIn(source: string): string {
  try {
    const told: unknown = JSON.parse(source)
    if (typeof told !== 'object' || told === null) return source
    const address = ['uri', 'url', 'path']
      .map((key) => (told as Record<string, unknown>)[key])
      .find((each) => typeof each === 'string')
    if (typeof address === 'string') return address
  } catch {
    // Not every client tells its source in JSON.
  }
  return source.length > 100 ? `${source.slice(0, 99)}…` : source
}

const artifactColumns = [
  { header: 'key' },
  { header: 'kind' },
  { header: 'size', align: 'right' },
  { header: 'tags', optional: true, shrinkTo: 6 },
  { header: 'where', shrinkTo: 12 },
] as const

function artifactLines(artifacts: readonly ArtifactRecord[], { style, width }: PageLook): string[] {
  if (artifacts.length === 0) return []
  const rows = artifacts.map((artifact) => [
    { text: visible(artifact.key), style: style.cyan },
    artifact.kind,
    artifact.sizeBytes === null ? '' : formatBytes(artifact.sizeBytes),
    artifact.tags.map(visible).join(', '),
    visible(artifact.target),
  ])
  return renderTable(artifactColumns, rows, { style, width: inside(width) }).map(indent)
}

function codePairs(code: RunRecord['code']): Pairs {
  if (code === null) return []
  const pairs: Pairs = []
  if (code.file !== undefined)
    pairs.push(['file', visible(code.file) + (code.handler === undefined ? '' : `:${visible(code.handler)}`)])
  if (code.commandLine.length > 0) pairs.push(['command', code.commandLine.map(shellWord).join(' ')])
  pairs.push(['folder', visible(code.workingDirectory)])
  if (code.git !== undefined) {
    const branch = code.git.branch === undefined ? '' : ` on ${visible(code.git.branch)}`
    pairs.push([
      'git',
      `${code.git.commit.slice(0, 12)}${branch}${code.git.dirty ? ', with changes that are not committed' : ''}`,
    ])
    if (code.git.remote !== undefined) pairs.push(['remote', visible(code.git.remote)])
  }
  if (code.scriptSha256 !== undefined) pairs.push(['sha-256', code.scriptSha256])
  return pairs
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${visible(word).replaceAll("'", String.raw`'\''`)}'`

function interpreterText(interpreter: JsonObject): string {
  const text = (key: string): string => (typeof interpreter[key] === 'string' ? visible(interpreter[key]) : '')
  const name = `${text('implementation') || text('language')} ${text('version')}`.trim()
  return text('executable') === '' ? name : `${name}, ${text('executable')}`
}

function environmentPairs(environment: RunRecord['environment'], look: PageLook): Pairs {
  if (environment === null) return []
  const { interpreter, packages = [] } = environment
  const pairs: Pairs = []
  if (interpreter !== undefined) pairs.push(['interpreter', interpreterText(interpreter)])
  pairs.push(['system', `${visible(environment.operatingSystem)}, host ${visible(environment.host)}`])
  pairs.push([
    'machine',
    `${environment.cpuCount} × ${visible(environment.cpuModel)}, ${formatBytes(environment.memoryBytes)} memory`,
  ])
  for (const gpu of environment.gpus ?? []) pairs.push(['gpu', formatValue(gpu['name'] ?? gpu)])
  if (packages.length > 0) {
    pairs.push(['packages', look.all ? packages.map(visible).join('\n') : `${packages.length} (--all lists them)`])
  }
  return pairs
}

function historyLines(history: readonly RunStateChange[], look: PageLook): string[] {
  return history.map((change) => {
    const reason = change.reason === null ? '' : `  ${look.style.dim(visible(change.reason))}`
    return `  ${look.style.dim(formatTime(change.atMs))}  ${stateStyle(change.state, look.style)(stateText(change.state, look.unicode))}${reason}`
  })
}
