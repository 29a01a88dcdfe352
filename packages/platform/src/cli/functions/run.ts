import type { Command } from 'commander'
import { parseFunctionReference } from '../../functions/index.ts'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { addRunOptions, type RunOptions } from '../run/run-options.ts'

export function defineRun(command: Command, cli: Cli): void {
  const run = command
    .command('run')
    .description(
      'Run a function that is kept, here or on a server: its code, packages, variables and defaults, and what you ask for over them.',
    )
    .argument('<function>', 'name, name:tag, name@hash or db://project/name:tag')
    .argument('[arguments...]', 'for the script, after --')
  addRunOptions(run)
  run.action(async (text: string, arguments_: string[], options: RunOptions) => {
    const { runCommand } = await import('../commands/run.ts')
    const { project = cli.project ?? defaultProject, name, tag, hash } = parseFunctionReference(text)
    const version = `${tag === undefined ? '' : `:${tag}`}${hash === undefined ? '' : `@${hash}`}`
    await runCommand(cli, `db://${project}/${name}${version}`, arguments_, options)
  })
  addExamples(run, cli, [
    ['trainyard function run train -p lr=0.1', 'with one parameter'],
    ["trainyard function run train:production -x lr='[0.1,0.3]' --selector max.accuracy", 'a sweep over a version'],
    ['trainyard function run train --handler evaluate --on server', 'another handler, on the server'],
  ])
}
