import type { Command } from 'commander'
import type { Cli } from './cli.ts'

export type Example = readonly [command: string, explanation: string]

export function examplesText(examples: readonly Example[], { style }: Pick<Cli, 'style'>): string {
  const width = Math.max(...examples.map(([text]) => text.length))
  const lines = examples.map(([text, explanation]) => `  ${text.padEnd(width)}  ${style.dim(explanation)}`)
  return `\n${style.bold('Examples:')}\n${lines.join('\n')}\n`
}

/** Shown under a command's help. Every command has some. */
export function addExamples(command: Command, cli: Cli, examples: readonly Example[]): void {
  command.addHelpText('after', () => examplesText(examples, cli).trimEnd())
}
