import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { type Figures, figuresOf, type Holdings } from '../upkeep/index.ts'

const limitsSeconds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]

interface RouteCount {
  count: number
  seconds: number
  /** How many took at most that long, by `limitsSeconds`. */
  within: number[]
}

/** Counts an answer that did not go through Fastify. */
export type NoteAnswer = (answer: { method: string; route: string; status: number; ms: number }) => void

/** How the server is, in the text format of Prometheus, under `/metrics`. */
export function serveMetrics(app: FastifyInstance, holdings: Holdings, version: string): NoteAnswer {
  const routes = new Map<string, RouteCount>()
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  app.addHook('onClose', async () => void delay.disable())
  const note: NoteAnswer = ({ method, route, status, ms }) => {
    const labels = `method="${method}",route="${escaped(route)}",status="${status}"`
    let counted = routes.get(labels)
    if (!counted) routes.set(labels, (counted = { count: 0, seconds: 0, within: limitsSeconds.map(() => 0) }))
    const seconds = ms / 1_000
    counted.count++
    counted.seconds += seconds
    for (let at = limitsSeconds.length - 1; at >= 0 && seconds <= limitsSeconds[at]!; at--) counted.within[at]!++
  }
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) =>
    // The route, not the address: ids in it would make a series each.
    note({ method, route: routeOptions.url ?? '(none)', status: statusCode, ms: elapsedTime }),
  )
  app.get('/metrics', async (_request, reply) => {
    const figures = await figuresOf(holdings)
    const lag = { p50: delay.percentile(50) / 1e9, p99: delay.percentile(99) / 1e9, max: delay.max / 1e9 }
    delay.reset()
    return await reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send([...requestLines(routes), ...figureLines(figures), ...processLines(lag, version), ''].join('\n'))
  })
  return note
}

const escaped = (text: string): string =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)

const family = (name: string, type: 'counter' | 'gauge' | 'histogram', help: string, lines: readonly string[]): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...lines,
]

function requestLines(routes: ReadonlyMap<string, RouteCount>): string[] {
  const name = 'trainyard_http_request_duration_seconds'
  const lines = Array.from(routes, ([labels, { count, seconds, within }]) => [
    ...within.map((value, at) => `${name}_bucket{${labels},le="${limitsSeconds[at]}"} ${value}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${seconds}`,
    `${name}_count{${labels}} ${count}`,
  ])
  return family(name, 'histogram', 'Requests by route.', lines.flat())
}

const figureLines = ({ runs, trashedRuns, databaseBytes, freeBytes }: Figures): string[] => [
  ...family(
    'trainyard_runs',
    'gauge',
    'Runs by state, iterations included.',
    Object.entries(runs).map(([state, count]) => `trainyard_runs{state="${state}"} ${count}`),
  ),
  ...family('trainyard_runs_in_trash', 'gauge', 'Runs in the trash.', [`trainyard_runs_in_trash ${trashedRuns}`]),
  ...family('trainyard_database_bytes', 'gauge', 'Size of the database file and its log.', [
    `trainyard_database_bytes ${databaseBytes}`,
  ]),
  ...(freeBytes === null
    ? []
    : family('trainyard_disk_free_bytes', 'gauge', 'Free on the disk of the data directory.', [
        `trainyard_disk_free_bytes ${freeBytes}`,
      ])),
]

function processLines(lag: Record<string, number>, version: string): string[] {
  const { user, system } = process.cpuUsage()
  const lagLines = Object.entries(lag).map(
    ([quantile, seconds]) => `trainyard_event_loop_lag_seconds{quantile="${quantile}"} ${seconds}`,
  )
  return [
    ...family('trainyard_event_loop_lag_seconds', 'gauge', 'Delay of the event loop since the last look.', lagLines),
    ...family('process_cpu_seconds_total', 'counter', 'Processor time used.', [
      `process_cpu_seconds_total ${(user + system) / 1e6}`,
    ]),
    ...family('process_resident_memory_bytes', 'gauge', 'Memory in use.', [
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ]),
    ...family('process_uptime_seconds', 'gauge', 'Since the start.', [`process_uptime_seconds ${process.uptime()}`]),
    ...family('trainyard_info', 'gauge', 'The program.', [`trainyard_info{version="${version}"} 1`]),
  ]
}
