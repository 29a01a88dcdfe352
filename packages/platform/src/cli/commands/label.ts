import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { countOf } from '../output/format.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'

export function define(command: Command, cli: Cli): void {
  command.argument('<words...>', 'runs, then key=value to set a label or key- to remove one').action(async (words: string[]) => {
    const { references, labels } = splitWords(words)
    await using session = await openRecords(cli)
    const scope = cli.project === undefined ? {} : { project: cli.project }
    const ids = await Promise.all(references.map((reference) => session.tracking.runs.resolve(reference, scope)))
    await session.tracking.runs.setLabels(ids, labels)
    if (!cli.globals.json) return cli.note(`Labelled ${countOf(ids.length, 'run')}.`)
    const runs = await session.tracking.runs.getMany(ids)
    return cli.printJson({ runs: runs.map((run) => ({ id: run.id, labels: run.labels })) })
  })
  addExamples(command, cli, [
    ['trainyard label latest team=vision baseline=yes', 'set two labels'],
    ['trainyard label latest 0193af baseline-', 'remove one from two runs'],
  ])
}

/** Runs come first; a word with `=`, or one ending in `-` behind the first run, is a label. */
export function splitWords(words: readonly string[]): { references: string[]; labels: Record<string, string | null> } {
  const references: string[] = []
  const labels: Record<string, string | null> = {}
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals > 0) labels[word.slice(0, equals)] = word.slice(equals + 1)
    else if (equals === 0) throw new AppError('invalid_argument', `A label is written key=value; '${word}' has no key.`)
    else if (references.length > 0 && word.length > 1 && word.endsWith('-')) labels[word.slice(0, -1)] = null
    else references.push(word)
  }
  if (references.length === 0)
    throw new AppError(
      'invalid_argument',
      'Name at least one run before the labels, for example: trainyard label latest team=vision',
    )
  if (Object.keys(labels).length === 0)
    throw new AppError('invalid_argument', 'Give at least one label as key=value, or key- to remove it.')
  return { references, labels }
}
