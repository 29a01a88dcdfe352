import { AppError, artifactKinds, type ArtifactKind, type ArtifactRecord } from '@trainyard/contract'
import type { Command } from 'commander'
import { resolveArtifact } from '../artifact-reference.ts'
import { artifactPage } from '../artifact-page.ts'
import type { Cli } from '../cli.ts'
import { fetchObject } from '../fetch-object.ts'
import { parseCount } from '../option-values.ts'
import { formatAge, formatBytes, shortIds } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'

interface ListOptions {
  kind?: string
  tag?: string
  versions?: boolean
  limit?: string
}

const defaultLimit = 50
const referenceHelp = 'an artifact: key, key:tag, run/key or store://project/key[:tag][@run][#iteration]'

export function define(command: Command, cli: Cli): void {
  defineList(command, cli)

  const show = command
    .command('show')
    .description('Show all that is known about an artifact: size, hash, tags, where it lies, schema, statistics, preview.')
    .argument('<artifact>', referenceHelp)
    .action(async (reference: string) => {
      await using session = await openRecords(cli)
      const artifact = await resolveArtifact(session.tracking, reference, cli.project)
      if (cli.globals.json) return cli.printJson(artifact)
      if (cli.globals.quiet) return cli.print(artifact.target)
      return cli.print(artifactPage(artifact, { style: cli.style, width: cli.width }).join('\n'))
    })
  addExamples(show, cli, [['trainyard artifacts show latest/model', 'the model of the newest run']])

  const get = command
    .command('get')
    .description('Copy the bytes of an artifact here: a file, a folder, or - for standard output.')
    .argument('<artifact>', referenceHelp)
    .argument('[path]', 'where to (default: its name, in this folder)')
    .action(async (reference: string, path: string | undefined) => {
      await using session = await openRecords(cli)
      const artifact = await resolveArtifact(session.tracking, reference, cli.project)
      if (session.remote === undefined) return await fetchObject(cli, session, artifact.target, path)
      const { fetchRemoteArtifact } = await import('../remote-session.ts')
      return await fetchRemoteArtifact(cli, session.remote, artifact, path)
    })
  addExamples(get, cli, [
    ['trainyard artifacts get model:prod ./model', 'the version tagged prod'],
    ['trainyard artifacts get latest/iris_dataset - | head', 'to standard output'],
  ])

  const tag = command
    .command('tag')
    .description('Put tags on an artifact, or take them off with a dash behind. A tag is on one version of a key at a time.')
    .argument('<artifact>', referenceHelp)
    .argument('<tags...>', 'tag to put on, tag- to take off')
    .action(async (reference: string, tags: string[]) => {
      await using session = await openRecords(cli)
      const artifact = await resolveArtifact(session.tracking, reference, cli.project)
      const remove = tags.filter((text) => text.length > 1 && text.endsWith('-')).map((text) => text.slice(0, -1))
      const add = tags.filter((text) => !text.endsWith('-'))
      if (remove.includes('latest')) {
        throw new AppError(
          'invalid_argument',
          'The tag latest cannot be taken off: put it on another version, and it moves there.',
        )
      }
      await session.tracking.artifacts.tag(artifact.id, { add, remove })
      const changed = await session.tracking.artifacts.get(artifact.id)
      if (cli.globals.json) return cli.printJson(changed)
      return cli.note(`${changed.key} is now tagged ${changed.tags.join(', ') || 'with nothing'}.`)
    })
  addExamples(tag, cli, [
    ['trainyard artifacts tag latest/model prod', 'this version is prod from now on'],
    ['trainyard artifacts tag model:prod prod-', 'no version is'],
  ])
}

function defineList(command: Command, cli: Cli): void {
  const ls = command
    .command('ls')
    .description('List artifacts: the current version of every key, or those of one run.')
    .argument('[run]', 'only of this run')
    .option('-k, --kind <kind>', `only of this kind: ${artifactKinds.join(', ')}`)
    .option('-t, --tag <tag>', 'only with this tag')
    .option('--versions', 'older versions too')
    .option('-n, --limit <count>', `how many (default: ${defaultLimit})`)
    .action(async (reference: string | undefined, options: ListOptions) => {
      const limit = options.limit === undefined ? defaultLimit : parseCount(options.limit, '--limit')
      const kind = options.kind === undefined ? undefined : parseKind(options.kind)
      await using session = await openRecords(cli)
      const { tracking } = session
      const scope = cli.project === undefined ? {} : { project: cli.project }
      const runId = reference === undefined ? undefined : await tracking.runs.resolve(reference, scope)
      const artifacts = await tracking.artifacts.search({
        ...scope,
        ...(runId === undefined ? {} : { runId }),
        ...(kind === undefined ? {} : { kind }),
        ...(options.tag === undefined ? {} : { tag: options.tag }),
        allVersions: options.versions === true || runId !== undefined,
        limit,
      })
      await printList(cli, artifacts)
      if (artifacts.length === limit && !cli.globals.json) cli.note(cli.style.dim('There may be more: --limit shows them.'))
    })
  addExamples(ls, cli, [
    ['trainyard artifacts ls', 'the current version of everything'],
    ['trainyard artifacts ls latest', 'what the newest run made'],
    ['trainyard artifacts ls --kind model --versions', 'every model there ever was'],
  ])
}

function parseKind(text: string): ArtifactKind {
  const kind = artifactKinds.find((known) => known === text)
  if (kind === undefined) throw new AppError('invalid_argument', `--kind takes ${artifactKinds.join(', ')}, not '${text}'.`)
  return kind
}

const columns = [
  { header: 'key', shrinkTo: 10 },
  { header: 'kind' },
  { header: 'size', align: 'right' },
  { header: 'age', align: 'right' },
  { header: 'run', optional: true },
  { header: 'tags', shrinkTo: 6 },
  { header: 'project', shrinkTo: 6, optional: true },
] as const

async function printList(cli: Cli, artifacts: readonly ArtifactRecord[]): Promise<void> {
  if (cli.globals.json) return cli.printJson({ artifacts })
  if (cli.globals.quiet)
    return artifacts.length === 0 ? undefined : cli.print(artifacts.map((artifact) => artifact.target).join('\n'))
  if (artifacts.length === 0) return cli.note('There are no artifacts.')
  const shortOf = shortIds(artifacts.flatMap(({ runId }) => runId ?? []))
  const rows = artifacts.map((artifact) => [
    { text: visible(artifact.key), style: cli.style.cyan },
    artifact.kind,
    artifact.sizeBytes === null ? '' : formatBytes(artifact.sizeBytes),
    formatAge(artifact.createdAtMs, cli.nowMs()),
    artifact.runId === null ? '' : shortOf(artifact.runId),
    artifact.tags.map(visible).join(', '),
    visible(artifact.project),
  ])
  return cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
}
