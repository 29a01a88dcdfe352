import type { Command } from 'commander'
import { createRegistry } from '../../registry/index.ts'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { openSession, type Session } from '../session.ts'

export function define(command: Command, cli: Cli): void {
  command
    .argument('[words...]', 'the command line so far, without the program; the last word is being typed')
    .action(async (words: string[]) => {
      const program = command.parent
      if (program === null) return
      const candidates = await complete(program, cli, words)
      if (candidates.length > 0) await cli.print(candidates.join('\n'))
    })
}

/** What could come next. Never fails: a shell's prompt is no place for errors. */
async function complete(program: Command, cli: Cli, words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const { command, operands } = commandOf(program, before)
  const previous = before.at(-1)
  const option = previous === undefined ? undefined : optionOf(command, previous)
  if (option !== undefined && (option.required || option.optional)) {
    return option.long === '--project' ? records(cli, current, projectNames) : []
  }
  if (current.startsWith('-')) {
    const flags = command.options.flatMap((known) => known.long ?? [])
    return starting([...new Set([...flags, '--help'])], current)
  }
  if (command.commands.length > 0) return starting(visibleNames(command), current)
  const argument = command.registeredArguments[Math.min(operands, command.registeredArguments.length - 1)]
  if (argument === undefined || (operands >= command.registeredArguments.length && !argument.variadic)) return []
  if (argument.name() === 'shell') return starting(['bash', 'zsh', 'fish'], current)
  if (argument.name() === 'artifact') return records(cli, current, artifactKeys)
  if (/^(model|version|versions)$/.test(argument.name())) return records(cli, current, modelNames)
  if (/^(run|runs|words)$/.test(argument.name())) return records(cli, current, runNames)
  return []
}

/** Walks down the commands named so far; `operands` counts the words that are no command and no option. */
function commandOf(program: Command, words: readonly string[]): { command: Command; operands: number } {
  let command = program
  let operands = 0
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    const child = operands === 0 ? command.commands.find((known) => known.name() === word) : undefined
    if (child !== undefined) command = child
    else if (word.startsWith('-')) {
      const option = optionOf(command, word)
      if (option?.required === true) index++
    } else operands++
  }
  return { command, operands }
}

const optionOf = (command: Command, word: string) => command.options.find((known) => known.long === word || known.short === word)

/** The program's own table hides what is hidden from help. */
const visibleNames = (command: Command): string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((child) => child.name())

const starting = (candidates: readonly string[], prefix: string): string[] =>
  candidates.filter((candidate) => candidate.startsWith(prefix))

type Source = (session: Session, prefix: string) => Promise<string[]>

async function records(cli: Cli, prefix: string, source: Source): Promise<string[]> {
  try {
    await using session = await openSession(cli, { create: false })
    // A name with blanks or control characters would reach the shell as several words.
    return [...new Set(starting(await source(session, prefix), prefix))].filter((text) => /^[^\s\p{Cc}]+$/u.test(text))
  } catch {
    return []
  }
}

const mostCandidates = 50

/** `latest`, the names of the newest runs, and ids once some digits are there. */
const runNames: Source = async ({ tracking }, prefix) => {
  const { runs } = await tracking.runs.search({ limit: mostCandidates })
  const ids = /^[0-9a-f]{2,}$/.test(prefix) ? runs.map((run) => run.id) : []
  return ['latest', ...runs.map((run) => run.name), ...ids]
}

const projectNames: Source = async ({ tracking }) => (await tracking.projects.list()).map((project) => project.name)

/** Models, and once a slash is there their versions. */
const modelNames: Source = async ({ database }, prefix) => {
  const { models, versions } = createRegistry(database)
  const project = defaultProject
  if (!prefix.includes('/')) return (await models.search({ project, limit: mostCandidates })).models.map((model) => model.name)
  const name = prefix.slice(0, prefix.lastIndexOf('/'))
  const found = await versions.search({
    project,
    clauses: [{ field: 'name', condition: { operator: '=', value: name } }],
    limit: mostCandidates,
  })
  return found.versions.map((version) => `${name}/${version.version}`)
}

const artifactKeys: Source = async ({ tracking }) =>
  (await tracking.artifacts.search({ limit: mostCandidates })).map((artifact) => artifact.key)
