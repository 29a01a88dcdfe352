import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import type { ModelVersion } from '../../registry/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { visible } from '../output/visible.ts'
import { openModels, originOf, resolveModel, resolveVersion, versionReference } from './model-session.ts'

const versionHelp = 'a version: name/3, name/Staging, name/latest, name@alias'
const reasonHelp = 'why, for the history'

export function definePromote(command: Command, cli: Cli): void {
  const promote = command
    .command('promote')
    .description('Move a version to a stage. The versions that are in it go to Archived, unless --keep says otherwise.')
    .argument('<version>', versionHelp)
    .argument('<stage>', 'Staging, Production, Archived, None, or a stage of your own')
    .option('--keep', 'leave the versions that are in the stage')
    .option('--new-stage', 'make the stage when there is none of this name')
    .option('-r, --reason <text>', reasonHelp)
    .action(async (reference: string, stage: string, options: { keep?: boolean; newStage?: boolean; reason?: string }) => {
      await using session = await openModels(cli)
      const { registry, project } = session
      const before = await resolveVersion(session, reference)
      const origin = originOf(cli, options.reason)
      const to = options.newStage === true ? await registry.stages.add(project, stage, origin) : await stageOf(session, stage)
      const others = (await inStage(session, before.name, to)).filter(({ version }) => version !== before.version)
      const archiveOthers = options.keep !== true && to !== 'None' && to !== 'Archived'
      const moved = await registry.versions.transition(before, { to, archiveOthers }, origin)
      const archived = archiveOthers ? others.map(({ version }) => version) : []
      if (cli.globals.json) return await cli.printJson({ version: moved, from: before.stage, archived })
      const replaced =
        archived.length === 0 ? '' : `; archived ${archived.map((version) => `${before.name}/${version}`).join(', ')}`
      cli.note(`${visible(versionReference(moved))}: ${before.stage} → ${moved.stage}${visible(replaced)}.`)
    })
  addExamples(promote, cli, [
    ['trainyard models promote iris/3 production --reason "accuracy 0.97"', 'takes over from what is there'],
    ['trainyard models promote iris@candidate staging --keep', 'beside what is there'],
    ['trainyard models promote iris/4 Canary --new-stage', 'a stage of your own'],
  ])
}

async function stageOf({ registry, project }: Parameters<typeof resolveVersion>[0], typed: string): Promise<string> {
  const stages = await registry.stages.list(project)
  const known = stages.find((stage) => stage.toLowerCase() === typed.toLowerCase())
  if (known !== undefined) return known
  throw new AppError('invalid_argument', `There is no stage '${typed}'; the stages are ${stages.join(', ')}.`, {
    details: { hint: 'add --new-stage to make it' },
  })
}

async function inStage(
  { registry, project }: Parameters<typeof resolveVersion>[0],
  name: string,
  stage: string,
): Promise<ModelVersion[]> {
  const equals = (value: string) => ({ operator: '=', value }) as const
  const { versions } = await registry.versions.search({
    project,
    clauses: [
      { field: 'name', condition: equals(name) },
      { field: 'stage', condition: equals(stage) },
    ],
    sort: [{ field: 'version', direction: 'ascending' }],
    limit: 200_000,
  })
  return versions
}

export function defineAlias(command: Command, cli: Cli): void {
  const alias = command
    .command('alias')
    .description(
      'Put aliases on a version, or take them off with a dash behind. An alias is on one version of a model at a time.',
    )
    .argument('<version>', `${versionHelp}; the model is enough to take aliases off`)
    .argument('<aliases...>', 'alias to put on, alias- to take off')
    .option('-r, --reason <text>', reasonHelp)
    .action(async (reference: string, words: string[], options: { reason?: string }) => {
      await using session = await openModels(cli)
      const { registry, project } = session
      const remove = words.filter((word) => word.length > 1 && word.endsWith('-')).map((word) => word.slice(0, -1))
      const add = words.filter((word) => !word.endsWith('-') || word.length === 1)
      const { name } = add.length > 0 ? await resolveVersion(session, reference) : await resolveModel(session, reference)
      const origin = originOf(cli, options.reason)
      if (add.length > 0) {
        const version = await resolveVersion(session, reference)
        for (const word of add) await registry.models.setAlias(version, word, origin)
      }
      for (const word of remove) await registry.models.removeAlias({ project, name }, word, origin)
      const { aliases } = await registry.models.get({ project, name })
      if (cli.globals.json) return await cli.printJson({ name, aliases })
      const shown = Object.entries(aliases).map(([word, version]) => `@${word} → ${version}`)
      cli.note(`${visible(name)}: ${shown.join(', ') || 'no aliases'}.`)
    })
  addExamples(alias, cli, [
    ['trainyard models alias iris/3 champion', 'models:/iris@champion is version 3 from now on'],
    ['trainyard models alias iris champion-', 'it is nothing any more'],
  ])
}
