import {
  type ArtifactRecord,
  parseRunFilter,
  parseRunSort,
  type RunRecord,
  type RunStateChange,
  type SharedGround,
} from '@trainyard/contract'
import type { Command } from 'commander'
import type { NotificationRecord } from '../../notifications/index.ts'
import { type DatasetInput, type MetricSeriesInfo, type RunQuery, sharedGround } from '../../tracking/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { renderRun } from '../run-page.ts'
import { openRecords } from '../open-records.ts'
import type { Session } from '../session.ts'
import { notificationsOf } from '../session-notifications.ts'

/** Everything that is kept about one run. */
export interface RunDetails {
  run: RunRecord
  history: RunStateChange[]
  metrics: MetricSeriesInfo[]
  artifacts: ArtifactRecord[]
  /** Data sets that MLflow clients have logged as inputs. */
  datasets: DatasetInput[]
  /** Of a sweep, in order of their number. */
  iterations: RunRecord[]
  /** Runs right below it that are no iterations, the oldest first: at most 1,000. */
  nested: RunRecord[]
  /** Who is told of its end, and what came of it. */
  notifications: NotificationRecord[]
  outputBytes: number
  /** Of an iteration: code and environment that its sweep keeps for it. */
  shared: SharedGround | null
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[run]', 'a run: its id or the start of it, a name, latest, or <sweep>/<number>', 'latest')
    .option('--all', 'all iterations and all packages, however many')
    .action(async (reference: string, options: { all?: boolean }) => {
      await using session = await openRecords(cli)
      const id = await session.tracking.runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project })
      const details = await readDetails(session, id)
      if (cli.globals.json) return cli.printJson(details)
      if (cli.globals.quiet) return cli.print(details.run.id)
      const look = {
        nowMs: cli.nowMs(),
        style: cli.style,
        unicode: cli.config.unicode,
        width: cli.width,
        all: options.all === true,
      }
      await cli.print(renderRun(details, look).join('\n'))
    })
  addExamples(command, cli, [
    ['trainyard show', 'the newest run'],
    ['trainyard show 0193af', 'by the start of its id'],
    ['trainyard show train-iris/12', 'iteration 12 of a sweep'],
    ['trainyard show latest --json | jq .run.results', 'for programs'],
  ])
}

async function readDetails(session: Session, id: string): Promise<RunDetails> {
  const { tracking, remote } = session
  const run = await tracking.runs.get(id)
  const [history, metrics, artifacts, datasets, iterations, notifications, outputBytes, shared] = await Promise.all([
    tracking.runs.history(id),
    tracking.metrics.series(id),
    tracking.artifacts.ofRun(id),
    // A server does not tell them to other programs than MLflow's.
    remote === undefined ? tracking.datasets.ofRuns([id]) : new Map<string, DatasetInput[]>(),
    tracking.runs.children(id),
    notificationsOfRun(session, id),
    tracking.logs.sizeBytes(id),
    sharedGround(tracking.runs, run),
  ])
  const nested = run.nestedCount === 0 ? [] : (await tracking.runs.search(nestedIn(run))).runs
  return {
    run,
    history,
    metrics,
    artifacts,
    datasets: datasets.get(id) ?? [],
    iterations,
    nested,
    notifications,
    outputBytes,
    shared,
  }
}

const nestedIn = ({ id, project }: RunRecord): RunQuery => ({
  project,
  filter: parseRunFilter(`parent = '${id}' and iteration = 0`, { nowMs: 0 }),
  sort: parseRunSort('created asc'),
  iterations: true,
  limit: 1_000,
})

const notificationsOfRun = async (session: Session, id: string): Promise<NotificationRecord[]> =>
  session.remote === undefined
    ? await notificationsOf(session).ofRun(id)
    : (await session.remote.json<{ notifications: NotificationRecord[] }>('GET', `/runs/${id}/notifications`)).notifications
