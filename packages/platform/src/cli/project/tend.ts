import { AppError, didYouMean } from '@trainyard/contract'
import type { Command } from 'commander'
import { checkRemoval, contentsOfProject, type ProjectContents, removeProject } from '../../upkeep/index.ts'
import type { Cli } from '../cli.ts'
import { confirm } from '../confirm.ts'
import { addExamples } from '../examples.ts'
import { formatTime } from '../output/format.ts'
import { renderPairs } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { openProjects, type ProjectSession } from './project-session.ts'

/** The project of that name; `not_found` tells the nearest. */
export async function requireProject({ tracking }: ProjectSession, name: string) {
  const found = await tracking.projects.find(name)
  if (found) return found
  const known = (await tracking.projects.list()).map((project) => project.name)
  throw new AppError('not_found', `There is no project ${visible(name.slice(0, 80))}${didYouMean(name, known)}.`, {
    details: { hint: 'trainyard project ls lists those there are' },
  })
}

interface Named {
  name?: string
  key?: string
  metadata?: { key?: string }
}

export function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('Show what a project says of itself and what it holds.')
    .argument('[project]', 'its name; --project or default unless given')
    .action(async (name: string | undefined) => {
      await using session = await openProjects(cli)
      const project = await requireProject(session, name ?? session.project)
      const contents = await contentsOf(session, project.name)
      if (cli.globals.json) return await cli.printJson({ ...project, contents: contents.counts, running: contents.running })
      const { spec } = project
      const text = (value: unknown): string =>
        typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
      const names = (value: unknown): string =>
        Array.isArray(value) ? value.map((each: Named) => each.name ?? each.key ?? each.metadata?.key ?? '?').join(', ') : ''
      const pairs = [
        ['name', cli.style.bold(visible(project.name))],
        ['state', project.state],
        ['description', visible(text(spec['description']))],
        ['owner', visible(text(spec['owner']))],
        ['labels', visible(text(project.metadata['labels']))],
        ['parameters', visible(text(spec['params']))],
        ['default image', visible(text(spec['default_image']))],
        ['source', visible(text(spec['source']))],
        ['artifact path', visible(text(spec['artifact_path']))],
        ['functions', visible(names(spec['functions']))],
        ['workflows', visible(names(spec['workflows']))],
        ['artifacts', visible(names(spec['artifacts']))],
        ['made', formatTime(project.createdAtMs)],
        ['changed', formatTime(project.updatedAtMs)],
        ['holds', visible(countsText(contents))],
      ] as const
      await cli.print(
        renderPairs(
          pairs.filter(([, value]) => value !== '' && value !== '{}'),
          cli.style,
        ).join('\n'),
      )
    })
  addExamples(show, cli, [['trainyard project show churn', 'description, functions, and how much there is']])
}

export function defineGet(command: Command, cli: Cli): void {
  const get = command
    .command('get')
    .description('Print a project as project.yaml.')
    .argument('[project]', 'its name; --project or default unless given')
    .action(async (name: string | undefined) => {
      await using session = await openProjects(cli)
      const project = await requireProject(session, name ?? session.project)
      if (cli.globals.json) return await cli.printJson(project)
      const { printProjectFile } = await import('../../projects/index.ts')
      await cli.write(await printProjectFile(project))
    })
  addExamples(get, cli, [['trainyard project get churn', 'what it says of itself, in the format of MLRun']])
}

const countsText = ({ counts }: ProjectContents): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ') || 'nothing'

const contentsOf = (session: ProjectSession, project: string): Promise<ProjectContents> =>
  session.remote === undefined
    ? contentsOfProject(session, project)
    : session.remote.json('GET', `/projects/${encodeURIComponent(project)}/contents`)

export function defineArchive(command: Command, cli: Cli): void {
  const archive = command
    .command('archive')
    .description('Put a project into the archive: it keeps everything and takes no new runs.')
    .argument('<project>', 'its name')
    .option('--undo', 'take it back out')
    .action(async (name: string, options: { undo?: boolean }) => {
      await using session = await openProjects(cli)
      await requireProject(session, name)
      const project = await session.tracking.projects.setState(name, options.undo === true ? 'online' : 'archived')
      if (cli.globals.json) return await cli.printJson(project)
      cli.note(options.undo === true ? `${name} is back.` : `${name} is archived.`)
    })
  addExamples(archive, cli, [
    ['trainyard project archive churn', 'nothing is removed'],
    ['trainyard project archive churn --undo', 'runs may start again'],
  ])
}

export function defineRemove(command: Command, cli: Cli): void {
  const rm = command
    .command('rm')
    .description('Delete a project for good: an empty one, or with --cascade everything in it.')
    .argument('<project>', 'its name')
    .option('--cascade', 'with its runs, files, models, functions and all else')
    .option('--dry-run', 'only show what would go, and whether it may')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: { cascade?: boolean; dryRun?: boolean; yes?: boolean }) => {
      await using session = await openProjects(cli)
      await requireProject(session, name)
      const strategy = options.cascade === true ? 'cascade' : 'restrict'
      const contents = await contentsOf(session, name)
      checkRemoval(contents, strategy)
      const what = countsText(contents)
      if (options.dryRun === true)
        return cli.globals.json
          ? await cli.printJson({ strategy, ...contents })
          : await cli.print(`${name} would go with: ${what}`)
      const sure = await confirm(cli, `Delete the project ${name} for good (${what})?`, { yes: options.yes === true })
      if (!sure) return
      const removed =
        session.remote === undefined
          ? await removeProject(session, name, strategy)
          : await session.remote.json<ProjectContents>('DELETE', `/projects/${encodeURIComponent(name)}`, { query: { strategy } })
      if (cli.globals.json) return await cli.printJson({ removed })
      cli.note(`Deleted ${name} with ${countsText(removed)}.`)
    })
  addExamples(rm, cli, [
    ['trainyard project rm churn --dry-run', 'what it holds, and whether it may go'],
    ['trainyard project rm churn --cascade --yes', 'with everything in it'],
  ])
}
