import { CommanderError } from 'commander'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { type Cli, ReaderGone } from './cli.ts'
import { commandTable } from './command-table.ts'
import { exitCodeOf, exitCodes, isPurposeful } from './exit-codes.ts'

/**
 * Tells what went wrong on stderr and returns the exit code. What a user can mend is one sentence, with at most one line of
 * hint; a defect of ours leaves a report in a file. Stack traces are shown with `TRAINYARD_DEBUG=1` only.
 */
export function reportError(error: unknown, argv: readonly string[], cli: Cli): number {
  if (error instanceof ReaderGone) return exitCodes.ok
  if (error instanceof CommanderError) return reportUsage(error, argv, cli)
  if (isPurposeful(error) && error.code !== 'internal') {
    tell(cli, error.message, hintOf(error.details))
    if (cli.config.debug) cli.stderr.write(`${stackOf(error)}\n`)
    return exitCodeOf(error)
  }
  const path = writeReport(error, argv)
  const told = error instanceof Error ? error.message : String(error)
  cli.stderr.write(`${cli.errorStyle.boldRed('internal error:')} ${oneLine(told)}\n`)
  cli.stderr.write(
    path
      ? `A report is in ${path}; please send it with a description of what you did.\n`
      : 'Set TRAINYARD_DEBUG=1 to see more.\n',
  )
  if (cli.config.debug) cli.stderr.write(`${stackOf(error)}\n`)
  return exitCodes.defect
}

function reportUsage(error: CommanderError, argv: readonly string[], cli: Cli): number {
  if (error.exitCode === 0) return exitCodes.ok
  if (error.code === 'commander.help') return exitCodes.badInput
  const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
  const meant = /^\(Did you mean (?:one of )?(.+?)\?\)$/.exec(suggestion ?? '')?.[1]
  tell(cli, usageSentence(message), meant ? `did you mean ${meant}?` : `see: trainyard ${helpArguments(argv)}--help`)
  return exitCodes.badInput
}

const helpArguments = (argv: readonly string[]): string => {
  const first = argv[0]
  return commandTable.some((entry) => entry.name === first) ? `${first} ` : ''
}

/** Commander's messages as sentences. */
function usageSentence(message: string): string {
  const text = message
    .replace(/^unknown command '(.*)'$/, "There is no command '$1'")
    .replace(/^unknown option '(.*)'$/, "There is no option '$1'")
    .replace(/^missing required argument '(.*)'$/, "The argument '$1' is missing")
    .replace(/^too many arguments.*Expected (\d+) arguments? but got (\d+).*$/, 'Too many arguments: expected $1, got $2')
  return text.endsWith('.') ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function tell(cli: Cli, sentence: string, hint: string | undefined): void {
  cli.stderr.write(`${cli.errorStyle.boldRed('error:')} ${oneLine(sentence)}\n`)
  if (hint) cli.stderr.write(`${cli.errorStyle.dim(`hint: ${oneLine(hint)}`)}\n`)
}

const hintOf = (details: Readonly<Record<string, unknown>>): string | undefined =>
  typeof details['hint'] === 'string' ? details['hint'] : undefined

/** An error may quote user text: nothing in it may move the cursor or forge a second line. */
// oxlint-disable-next-line no-control-regex
const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

function writeReport(error: unknown, argv: readonly string[]): string | undefined {
  // Values on the command line may be secrets; names of options are enough to repeat the case.
  const words = argv.map((word, index) =>
    index === 0 && /^[a-z-]+$/.test(word) ? word : word.startsWith('-') ? word.split('=')[0] : '…',
  )
  const causes: string[] = []
  for (let cause: unknown = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined)
    causes.push(stackOf(cause))
  const text = [
    `trainyard ${packageJson.version}, Node.js ${process.version}, ${process.platform} ${process.arch}`,
    `command: ${words.join(' ')}`,
    ...causes,
    '',
  ].join('\n')
  try {
    const path = join(mkdtempSync(join(tmpdir(), 'trainyard-report-')), 'report.txt')
    writeFileSync(path, text)
    return path
  } catch {
    // The sentence on stderr is all there is when the disk refuses.
    return undefined
  }
}
