import { AppError, nearestName, countOf } from '@trainyard/contract'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { systemReason } from '../../base/errors.ts'
// The file, not the folder's index, which loads what runs need.
import { parseSecretsFile, secretText } from '../../execution/secrets.ts'
import type { Cli } from '../cli.ts'
import { confirm } from '../confirm.ts'
import { addExamples } from '../examples.ts'
import { formatAge } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { openProjects } from './project-session.ts'

export function defineSecrets(command: Command, cli: Cli): void {
  const secrets = command.command('secrets').description('Secrets of a project: its runs get them, nobody is shown them.')
  defineSet(secrets, cli)
  defineList(secrets, cli)
  defineRemove(secrets, cli)
  addExamples(secrets, cli, [
    ['trainyard project secrets set API_KEY=correct-horse', 'its runs read it with get_secret("API_KEY")'],
    ['trainyard project secrets ls', 'names only'],
  ])
}

function defineSet(secrets: Command, cli: Cli): void {
  const set = secrets
    .command('set')
    .description('Add secrets to the project, or replace those of the same name.')
    .argument('[secrets...]', 'KEY=value, KEY@file for the text of a file, or KEY for what comes on standard input')
    .option('-f, --file <path>', 'a file of KEY=value lines')
    .action(async (words: string[], options: { file?: string }) => {
      const given = {
        ...(options.file === undefined ? {} : readSecretsFile(cli, options.file)),
        ...(await readWords(cli, words)),
      }
      const names = Object.keys(given)
      if (names.length === 0)
        throw new AppError('invalid_argument', 'Give secrets as KEY=value, as KEY@file, or in a file: --file secrets.txt.')
      await using session = await openProjects(cli, { create: true })
      await session.secrets.set(session.project, given)
      if (cli.globals.json) return await cli.printJson({ project: session.project, set: names })
      cli.note(`Set ${countOf(names.length, 'secret')} of the project ${session.project}: ${names.join(', ')}.`)
    })
  addExamples(set, cli, [
    ['trainyard project secrets set API_KEY=correct-horse', 'one of the project default'],
    ['trainyard --project churn project secrets set -f secrets.txt', 'all of a file, for another project'],
    ['pass show bucket | trainyard project secrets set AWS_SECRET_ACCESS_KEY', 'kept out of the shell’s history'],
  ])
}

/** What a shell adds at the end of what it pipes is not part of the secret. */
const withoutLastNewline = (text: string): string => text.replace(/\r?\n$/, '')

async function readWords(cli: Cli, words: readonly string[]): Promise<Record<string, string>> {
  const given: Record<string, string> = {}
  for (const word of words) {
    const [, name = '', sign, rest = ''] = /^([^=@]*)([=@])?(.*)$/s.exec(word) ?? []
    if (name === '') throw new AppError('invalid_argument', 'A secret is written KEY=value; one of these has no KEY.')
    if (sign === '=') given[name] = rest
    else if (sign === '@') given[name] = withoutLastNewline(secretText(`The secret ${name}`, readBytes(cli, rest)))
    else if (words.filter((each) => !/[=@]/.test(each)).length > 1)
      throw new AppError('invalid_argument', 'Standard input can hold one secret; give the others as KEY=value or KEY@file.')
    else given[name] = notEmpty(name, withoutLastNewline(secretText(`The secret ${name}`, await readInput(cli))))
  }
  return given
}

function notEmpty(name: string, value: string): string {
  if (value !== '') return value
  throw new AppError(
    'invalid_argument',
    `Nothing came on standard input for the secret ${name}: write ${name}=value, ${name}@file, or pipe it in.`,
  )
}

async function readInput(cli: Cli): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of cli.stdin) pieces.push(Buffer.from(piece as Uint8Array))
  return Buffer.concat(pieces)
}

function readBytes(cli: Cli, path: string): Buffer {
  try {
    return readFileSync(resolve(cli.workingDirectory, path))
  } catch (error) {
    throw new AppError('invalid_argument', `Cannot read ${path}: ${systemReason(error)}.`, { cause: error })
  }
}

function readSecretsFile(cli: Cli, path: string): Record<string, string> {
  return parseSecretsFile(secretText(`The secrets file ${path}`, readBytes(cli, path)), path)
}

function defineList(secrets: Command, cli: Cli): void {
  const ls = secrets
    .command('ls')
    .description('List the names of the secrets of the project.')
    .action(async () => {
      await using session = await openProjects(cli)
      const found = await session.secrets.list(session.project)
      if (cli.globals.json) return cli.printJson({ project: session.project, secrets: found })
      if (cli.globals.quiet) return found.length === 0 ? undefined : cli.print(found.map(({ name }) => name).join('\n'))
      if (found.length === 0) return cli.note(`The project ${session.project} has no secrets.`)
      const rows = found.map(({ name, updatedAtMs }) => [name, formatAge(updatedAtMs, cli.nowMs())])
      const columns = [
        { header: 'secret', shrinkTo: 12 },
        { header: 'set', align: 'right' },
      ] as const
      return cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
    })
  addExamples(ls, cli, [['trainyard --project churn project secrets ls', 'names only; values are never shown']])
}

function defineRemove(secrets: Command, cli: Cli): void {
  const rm = secrets
    .command('rm')
    .description('Remove secrets of the project.')
    .argument('[names...]', 'names of secrets')
    .option('--all', 'all of them')
    .option('-y, --yes', 'do not ask')
    .action(async (names: string[], options: { all?: boolean; yes?: boolean }) => {
      if (names.length > 0 === (options.all === true))
        throw new AppError('invalid_argument', 'Say which secrets: name them, or give --all.')
      await using session = await openProjects(cli)
      const { project } = session
      const known = (await session.secrets.list(project)).map(({ name }) => name)
      const unknown = names.find((name) => !known.includes(name))
      if (unknown !== undefined) throw noSuchSecret(project, unknown, known)
      if (
        options.all === true &&
        !(await confirm(cli, `Remove all of ${project}, ${countOf(known.length, 'secret')}?`, { yes: options.yes === true }))
      )
        return
      const removed = await session.secrets.remove(project, options.all === true ? undefined : names)
      if (cli.globals.json) return await cli.printJson({ project, removed })
      cli.note(`Removed ${countOf(removed.length, 'secret')} of the project ${project}.`)
    })
  addExamples(rm, cli, [['trainyard project secrets rm API_KEY', 'runs that begin from now on do without it']])
}

function noSuchSecret(project: string, name: string, known: readonly string[]): AppError {
  const nearest = nearestName(name, known)
  const hint = nearest === undefined ? 'trainyard project secrets ls lists those there are' : `did you mean ${nearest}?`
  return new AppError('not_found', `The project ${project} has no secret ${name.slice(0, 60)}.`, { details: { hint } })
}
