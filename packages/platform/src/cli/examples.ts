import type { Command } from 'commander'
import type { Cli } from './cli.ts'

export type Example = readonly [command: string, explanation: string]

export function examplesText(examples: readonly Example[], { style }: Pick<Cli, 'style'>): string {
  const width = Math.max(...examples.map(([text]) => text.length))
  const lines = examples.map(([text, explanation]) => `  ${text.padEnd(width)}  ${style.dim(explanation)}`)
  return `\n${style.bold('Examples:')}\n${lines.join('\n')}\n`
}

const examplesOf = new WeakMap<Command, readonly Example[]>()

/** Shown under a command's help. Every command has some. */
export function addExamples(command: Command, cli: Cli, examples: readonly Example[]): void {
  examplesOf.set(command, examples)
  command.addHelpText('after', () => examplesText(examples, cli).trimEnd())
}

/** The same for commands below a command, by their names. */
export function addExamplesBelow(command: Command, cli: Cli, examples: Readonly<Record<string, readonly Example[]>>): void {
  for (const child of command.commands) {
    const own = examples[child.name()]
    if (own !== undefined) addExamples(child, cli, own)
  }
}

/** A command of commands shows the first example of each. */
export function addExamplesFromBelow(command: Command, cli: Cli): void {
  const first = command.commands.flatMap((child) => examplesOf.get(child)?.slice(0, 1) ?? [])
  if (first.length > 0 && !examplesOf.has(command)) addExamples(command, cli, first)
}
