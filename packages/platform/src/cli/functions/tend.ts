import type { Command } from 'commander'
import { parseFunctionReference } from '../../functions/index.ts'
import type { Cli } from '../cli.ts'
import { confirm } from '../confirm.ts'
import { addExamples } from '../examples.ts'
import { tellSaved } from './function-page.ts'
import { openFunctions } from './function-session.ts'
import { getNamed } from './look.ts'

export function defineTag(command: Command, cli: Cli): void {
  const tag = command
    .command('tag')
    .description('Let a tag lead to a version of a function.')
    .argument('<function>', 'name:tag or name@hash')
    .argument('<tag>', 'the tag')
    .option('--remove', 'take the tag away instead; the version stays')
    .action(async (text: string, name: string, options: { remove?: boolean }) => {
      await using session = await openFunctions(cli)
      const version = await getNamed(session, text)
      const { project, hash, isVersioned, tags } = version
      if (options.remove) {
        const removed = await session.functions.untag(version.name, project, name, cli.config.userName)
        return cli.globals.json
          ? await cli.printJson({ removed })
          : cli.note(removed ? `${name} is gone.` : `There was no tag ${name}.`)
      }
      const choice = isVersioned ? { hash } : { tag: tags[0] ?? 'latest' }
      await tellSaved(cli, await session.functions.tag({ name: version.name, ...choice }, project, name, cli.config.userName))
    })
  addExamples(tag, cli, [['trainyard function tag train@3f2a9c10 production', 'this version is the one in production']])
}

export function defineRemove(command: Command, cli: Cli): void {
  const rm = command
    .command('rm')
    .description('Delete a function with all its versions, or one version. Runs of it stay.')
    .argument('<function>', 'name; name:tag or name@hash for one version')
    .option('-y, --yes', 'do not ask')
    .option('--dry-run', 'only say what would go')
    .action(async (text: string, options: { yes?: boolean; dryRun?: boolean }) => {
      await using session = await openFunctions(cli)
      const reference = parseFunctionReference(text)
      const version = await getNamed(
        session,
        reference.tag === undefined && reference.hash === undefined ? await anyVersion(session, text) : text,
      )
      const isOne = reference.tag !== undefined || reference.hash !== undefined
      const what = isOne ? `the version ${version.hash.slice(0, 8)} of ${version.name}` : `${version.name} with all its versions`
      if (options.dryRun) return await cli.print(`Would delete ${what}.`)
      if (!(await confirm(cli, `Delete ${what}?`, { yes: options.yes ?? false }))) return
      const deleted = await session.functions.delete(
        {
          name: version.name,
          ...(isOne ? (version.isVersioned ? { hash: version.hash } : { tag: version.tags[0] ?? 'latest' }) : {}),
        },
        version.project,
      )
      if (cli.globals.json) return await cli.printJson({ deleted })
      cli.note(`Deleted ${what}.`)
    })
  addExamples(rm, cli, [
    ['trainyard function rm train', 'all of it'],
    ['trainyard function rm train@3f2a9c10 --yes', 'one version, without being asked'],
  ])
}

/** A function need not have a version tagged `latest` to be deleted. */
async function anyVersion(session: Awaited<ReturnType<typeof openFunctions>>, text: string): Promise<string> {
  const { project = session.project, name } = parseFunctionReference(text)
  const { functions } = await session.functions.list({ project, name, newestOnly: true, limit: 1 })
  const [newest] = functions
  if (newest === undefined) return text
  return newest.isVersioned ? `${project}/${name}@${newest.hash}` : `${project}/${name}:${newest.tags[0] ?? 'latest'}`
}
