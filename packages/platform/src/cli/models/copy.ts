import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { visible } from '../output/visible.ts'
import { openModels, originOf, resolveVersion, versionReference } from './model-session.ts'

export function defineCopy(command: Command, cli: Cli): void {
  const copy = command
    .command('copy')
    .description(
      'Register a version once more, in this or another project: same files, same run, with its tags and description. No bytes are copied.',
    )
    .argument('<version>', 'a version: name/3, name/Production, name/latest, name@alias')
    .argument('[name]', 'the model it becomes a version of; made when new (default: the same name)')
    .option('--to <project>', 'the project (default: this one)')
    .option('-a, --alias <alias>', 'an alias for the copy')
    .option('-s, --stage <stage>', 'a stage for the copy; what is in it there goes to Archived')
    .option('-r, --reason <text>', 'why, for the history')
    .action(async (reference: string, name: string | undefined, options: CopyOptions) => {
      await using session = await openModels(cli)
      const version = await resolveVersion(session, reference)
      const target = { project: options.to ?? session.project, name: name ?? version.name }
      if (target.project === session.project && target.name === version.name)
        throw new AppError('invalid_argument', 'Say where the copy goes: another name, or another project with --to.')
      const copied = await session.registry.versions.create(
        {
          ...target,
          source: version.source,
          location: version.location,
          tags: version.tags,
          aliases: options.alias === undefined ? [] : [options.alias],
          ...(version.runId === null ? {} : { runId: version.runId }),
          ...(version.runLink === null ? {} : { runLink: version.runLink }),
          ...(version.artifactId === null ? {} : { artifactId: version.artifactId }),
          ...(version.loggedModelId === null ? {} : { loggedModelId: version.loggedModelId }),
          ...(version.description === null ? {} : { description: version.description }),
          ...(options.stage === undefined ? {} : { stage: options.stage }),
        },
        originOf(cli, options.reason ?? `copy of ${versionReference(version)} of project ${version.project}`),
        { makeModel: true },
      )
      if (cli.globals.json) return await cli.printJson(copied)
      if (cli.globals.quiet) return await cli.print(versionReference(copied))
      const where = copied.project === version.project ? '' : ` in project ${copied.project}`
      cli.note(`${visible(versionReference(version))} is ${visible(versionReference(copied) + where)} too.`)
    })
  addExamples(copy, cli, [
    ['trainyard models copy iris@champion --to production', 'into another project'],
    ['trainyard models copy iris/3 iris-mobile --alias candidate', 'under another name'],
  ])
}

interface CopyOptions {
  to?: string
  alias?: string
  stage?: string
  reason?: string
}
