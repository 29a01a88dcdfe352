import type { Command } from 'commander'
import type { ModelSnapshot, RegistryEvent } from '../../registry/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { parseTime } from '../option-values.ts'
import { formatTime, formatValue, shortId } from '../output/format.ts'
import { type Cell, renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { type ModelSession, noSuchModel, openModels, resolveModel, unlessMissing, versionReference } from './model-session.ts'
import { stageCell } from './stage-cell.ts'

export function defineHistory(command: Command, cli: Cli): void {
  const history = command
    .command('history')
    .description('Show every change of a model: who, when, why. With --at: what was in which stage at a moment.')
    .argument('<model>', 'a model, also a deleted one, or a version: name/3')
    .option('--at <time>', 'a time such as 2026-03-01T12:00, or an age such as 30d')
    .action(async (reference: string, options: { at?: string }) => {
      await using session = await openModels(cli)
      if (options.at !== undefined) return await showMoment(cli, session, reference, parseTime(options.at, '--at', cli.nowMs()))
      const events = await eventsOf(session, reference)
      if (cli.globals.json) return await cli.printJson({ events })
      await cli.print(renderEvents(cli, events, {}).join('\n'))
    })
  addExamples(history, cli, [
    ['trainyard models history iris', 'every change, oldest first'],
    ['trainyard models history iris/3', 'of one version'],
    ['trainyard models history iris --at 2026-03-01', 'what was in production then'],
  ])
}

async function eventsOf(session: ModelSession, reference: string): Promise<RegistryEvent[]> {
  const { registry, project } = session
  const bare = reference.replace(/^models:\/*/, '')
  const events = await unlessMissing(registry.history.of({ project, name: bare }))
  if (events !== undefined) return events
  const { name, version } = await resolveModel(session, reference)
  return await registry.history.of({ project, name }, version === undefined ? {} : { version: version.version })
}

async function showMoment(cli: Cli, session: ModelSession, reference: string, timeMs: number): Promise<void> {
  const { registry, project } = session
  const name = reference.replace(/^models:\/*/, '')
  const snapshot = await unlessMissing(registry.history.at({ project, name }, timeMs))
  if (snapshot === undefined && (await unlessMissing(registry.history.of({ project, name }))) === undefined)
    throw await noSuchModel(registry, project, name)
  if (cli.globals.json) return await cli.printJson({ atMs: timeMs, model: snapshot ?? null })
  if (snapshot === undefined) return cli.note(`There was no model '${visible(name)}' at ${formatTime(timeMs)}.`)
  const shown = snapshot.versions.filter((version) => version.stage !== 'None' || version.aliases.length > 0)
  if (cli.globals.quiet)
    return shown.length === 0 ? undefined : await cli.print(shown.map((each) => versionReference({ name, ...each })).join('\n'))
  cli.note(`${visible(snapshot.name)} at ${formatTime(timeMs)}, ${inProduction(snapshot)}:`)
  await cli.print(renderSnapshot(cli, snapshot))
}

function inProduction({ versions }: ModelSnapshot): string {
  const live = versions.filter((version) => version.stage === 'Production').map((version) => version.version)
  if (live.length === 0) return 'with nothing in production'
  return `with version${live.length > 1 ? 's' : ''} ${live.join(' and ')} in production`
}

function renderSnapshot({ style, width }: Cli, { versions }: ModelSnapshot): string {
  const rows = versions
    .toReversed()
    .map((version) => [
      String(version.version),
      stageCell(version, style),
      formatTime(version.stageSinceMs),
      visible(version.stageBy),
      version.aliases.map((alias) => `@${alias}`).join(', '),
      version.runId === null ? '' : shortId(version.runId),
      visible(version.stageReason ?? ''),
    ])
  return renderTable(snapshotColumns, rows, { width, style }).join('\n')
}

const snapshotColumns = [
  { header: 'version', align: 'right' },
  { header: 'stage' },
  { header: 'since' },
  { header: 'by', shrinkTo: 6 },
  { header: 'aliases', shrinkTo: 8 },
  { header: 'run', optional: true },
  { header: 'why', shrinkTo: 10 },
] as const

/** One line per change, oldest first. */
export function renderEvents(
  { style, width }: Cli,
  events: readonly RegistryEvent[],
  { indent = '' }: { indent?: string },
): string[] {
  const rows = events.map((event): Cell[] => [
    indent + formatTime(event.atMs),
    event.version === null ? '' : String(event.version),
    sentence(event),
    visible(event.by),
    { text: visible(event.via), style: style.dim },
    visible(event.reason ?? ''),
  ])
  return renderTable(
    [
      { header: `${indent}when` },
      { header: 'version', align: 'right' },
      { header: 'what', shrinkTo: 16 },
      { header: 'by', shrinkTo: 6 },
      { header: 'through', shrinkTo: 6, optional: true },
      { header: 'why', shrinkTo: 10 },
    ],
    rows,
    { width, style },
  )
}

function sentence({ kind, key, before, after, version }: RegistryEvent): string {
  const [from, to] = [before === null ? '' : formatValue(before, 60), after === null ? '' : formatValue(after, 60)]
  switch (kind) {
    case 'model_created':
      return 'registered the model'
    case 'model_renamed':
      return `renamed it from ${from} to ${to}`
    case 'model_deleted':
      return 'deleted the model'
    case 'version_created':
      return `registered version ${version} from ${to}`
    case 'version_deleted':
      return `deleted version ${version}`
    case 'description_changed':
      return after === null ? 'removed the description' : `described it: ${to}`
    case 'status_changed':
      return `${from} → ${to}`
    case 'stage_changed':
      return `${from} → ${to}`
    case 'alias_set':
      return before === null ? `@${key} → ${to}` : `@${key} from ${from} → ${to}`
    case 'alias_removed':
      return `@${key} removed from ${from}`
    case 'tag_set':
      return `tag ${visible(key ?? '')} = ${to}`
    default:
      return `tag ${visible(key ?? '')} removed`
  }
}
