import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { confirm } from '../confirm.ts'
import { addExamples } from '../examples.ts'
import { countOf } from '../output/format.ts'
import { visible } from '../output/visible.ts'
import { openModels, originOf, resolveModel, versionReference } from './model-session.ts'

const referenceHelp = 'a model, or a version: name/3, name/Staging, name@alias'
const reasonHelp = 'why, for the history'

/** What a reference names, as it is typed again. */
const shownName = (named: { name: string; version?: { name: string; version: number } }): string =>
  visible(named.version === undefined ? named.name : versionReference(named.version))

export function defineRemove(command: Command, cli: Cli): void {
  const rm = command
    .command('rm')
    .description('Remove a model with all its versions, or one version. Its files stay with the run, and its history is kept.')
    .argument('<model>', referenceHelp)
    .option('-y, --yes', 'do not ask')
    .option('-r, --reason <text>', reasonHelp)
    .action(async (reference: string, options: { yes?: boolean; reason?: string }) => {
      await using session = await openModels(cli)
      const { registry, project } = session
      const named = await resolveModel(session, reference)
      const inUse = await usesOf(session, named)
      const what = shownName(named)
      const question = `${what} is ${inUse.join(' and ')}. Remove it?`
      if (inUse.length > 0 && !(await confirm(cli, question, { yes: options.yes === true }))) return
      const origin = originOf(cli, options.reason)
      if (named.version === undefined) await registry.models.delete({ project, name: named.name }, origin)
      else await registry.versions.delete(named.version, origin)
      if (cli.globals.json) return await cli.printJson({ removed: named.version ?? { project, name: named.name } })
      cli.note(`Removed ${what}.`)
    })
  addExamples(rm, cli, [
    ['trainyard models rm iris/2 --reason "trained on the wrong data"', 'one version; its number is not given again'],
    ['trainyard models rm iris --yes', 'the model with all its versions'],
  ])
}

/** What would be missed: versions in a stage that is used, aliases. */
async function usesOf(
  { registry, project }: Awaited<ReturnType<typeof openModels>>,
  named: Awaited<ReturnType<typeof resolveModel>>,
): Promise<string[]> {
  const isUsed = (stage: string): boolean => stage !== 'None' && stage !== 'Archived'
  if (named.version !== undefined) {
    const { stage, aliases } = named.version
    return [...(isUsed(stage) ? [`in ${stage}`] : []), ...aliases.map((alias) => `@${alias}`)]
  }
  const model = await registry.models.get({ project, name: named.name })
  const stages = model.latestVersions
    .filter(({ stage }) => isUsed(stage))
    .map(({ stage, version }) => `in ${stage} (version ${version})`)
  const count = Object.keys(model.aliases).length
  return [...stages, ...(count > 0 ? [`named by ${countOf(count, 'alias', 'aliases')}`] : [])]
}

export function defineRename(command: Command, cli: Cli): void {
  const rename = command
    .command('rename')
    .description('Give a model another name. Versions, aliases and history go with it.')
    .argument('<model>', 'the model')
    .argument('<name>', 'its new name')
    .option('-r, --reason <text>', reasonHelp)
    .action(async (reference: string, name: string, options: { reason?: string }) => {
      await using session = await openModels(cli)
      const { registry, project } = session
      const named = await resolveModel(session, reference)
      if (named.version !== undefined)
        throw new AppError('invalid_argument', `${reference} is a version; name the model alone to rename it: ${named.name}.`)
      const renamed = await registry.models.rename({ project, name: named.name }, name, originOf(cli, options.reason))
      if (cli.globals.json) return await cli.printJson(renamed)
      cli.note(`${visible(named.name)} is ${visible(renamed.name)} from now on.`)
    })
  addExamples(rename, cli, [['trainyard models rename iris iris-classifier', 'the old name is free again']])
}

export function defineTag(command: Command, cli: Cli): void {
  const tag = command
    .command('tag')
    .description('Set tags of a model or a version, or take them off with a dash behind.')
    .argument('<model>', referenceHelp)
    .argument('<tags...>', 'key=value to set, key- to take off')
    .option('-r, --reason <text>', reasonHelp)
    .action(async (reference: string, words: string[], options: { reason?: string }) => {
      const tags = Object.fromEntries(words.map(parseTagWord))
      await using session = await openModels(cli)
      const { registry, project } = session
      const named = await resolveModel(session, reference)
      const origin = originOf(cli, options.reason)
      const model = { project, name: named.name }
      if (named.version === undefined) await registry.models.setTags(model, tags, origin)
      else await registry.versions.setTags(named.version, tags, origin)
      const after = named.version === undefined ? await registry.models.get(model) : await registry.versions.get(named.version)
      if (cli.globals.json)
        return await cli.printJson({ name: named.name, version: named.version?.version ?? null, tags: after.tags })
      const shown = Object.entries(after.tags).map(([key, value]) => `${key}=${value}`)
      cli.note(`${shownName(named)}: ${visible(shown.join(', ')) || 'no tags'}.`)
    })
  addExamples(tag, cli, [
    ['trainyard models tag iris/3 reviewed=yes', 'of a version'],
    ['trainyard models tag iris team=vision old-', 'of the model; the tag old goes'],
  ])
}

function parseTagWord(word: string): [string, string | null] {
  const equals = word.indexOf('=')
  if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)]
  if (equals < 0 && word.length > 1 && word.endsWith('-')) return [word.slice(0, -1), null]
  throw new AppError('invalid_argument', `'${word}' is no tag: write key=value to set one, key- to take one off.`)
}

export function defineDescribe(command: Command, cli: Cli): void {
  const describe = command
    .command('describe')
    .description('Say what a model or a version is, in any number of lines. An empty text takes the description away.')
    .argument('<model>', referenceHelp)
    .argument('<text>', 'the description')
    .option('-r, --reason <text>', reasonHelp)
    .action(async (reference: string, text: string, options: { reason?: string }) => {
      await using session = await openModels(cli)
      const { registry, project } = session
      const named = await resolveModel(session, reference)
      const origin = originOf(cli, options.reason)
      const description = text === '' ? null : text
      const after =
        named.version === undefined
          ? await registry.models.describe({ project, name: named.name }, description, origin)
          : await registry.versions.describe(named.version, description, origin)
      if (cli.globals.json) return await cli.printJson(after)
      cli.note(`${shownName(named)}: ${description === null ? 'no description' : visible(description.split('\n')[0] ?? '')}.`)
    })
  addExamples(describe, cli, [['trainyard models describe iris/3 "first one without leakage"', 'of a version']])
}
