import { Command, Option } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { Cli, GlobalOptions } from './cli.ts'
import { type CommandEntry, commandTable } from './command-table.ts'
import { addExamplesFromBelow, examplesText } from './examples.ts'

const globalOptions = (): Option[] => [
  new Option('--data <dir>', 'data directory (default: TRAINYARD_HOME, else the nearest .trainyard upwards)'),
  new Option(
    '--database <address>',
    'database, postgres://user@host/name (default: TRAINYARD_DATABASE, else in the data directory)',
  ),
  new Option('--project <name>', 'project (default: TRAINYARD_PROJECT)'),
  new Option('--json', 'print JSON for programs'),
  new Option('-q, --quiet', 'print only what a script needs'),
  new Option('--no-color', 'no colours (also: NO_COLOR=1; FORCE_COLOR=1 for colours in pipes)').default(undefined),
]

/**
 * The commander program for these arguments. Only the command that is named is loaded and filled in; the others are names
 * with a summary, which is all that help and "did you mean" need.
 */
export async function buildProgram(
  argv: readonly string[],
  cli: Cli & { setGlobals(globals: GlobalOptions): void },
): Promise<Command> {
  const program = new Command('trainyard')
    .description('Track, run and tune machine-learning work. Everything is kept in a .trainyard folder; no server is needed.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .commandsGroup('Tend:')
    .helpCommand('help [command]', 'show help for a command')
    .usage('<command> [options]')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void cli.stdout.write(text),
      writeErr: (text) => void cli.stderr.write(text),
      // Errors are told once, by `main`.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(cli.width ?? 100, 120),
      getOutHasColors: () => cli.style.enabled,
    })
    .configureHelp({ styleTitle: (title) => cli.style.bold(title) })
    .addHelpText('after', () => firstSteps(cli))
  addGlobalOptions(program, 'shown')
  program.hook('preAction', (_program, action) => cli.setGlobals(readGlobals(action)))

  const wanted = namedCommands(argv)
  for (const entry of commandTable) await addCommand(program, entry, wanted.includes(entry.name), cli)
  return program
}

async function addCommand(program: Command, entry: CommandEntry, wanted: boolean, cli: Cli): Promise<void> {
  const command = program
    .command(entry.name, { hidden: entry.hidden ?? false })
    .summary(entry.summary)
    .helpGroup(entry.group)
  if (!wanted) return
  const module = await entry.load()
  command.description(sentence(entry.summary))
  module.define(command, cli)
  finish(command, cli)
}

/** Global options go on every command, so that they may stand before or after its name; the help of the program explains them. */
function finish(command: Command, cli: Cli): void {
  command.helpOption('-h, --help', 'show help')
  addGlobalOptions(command, 'hidden')
  addExamplesFromBelow(command, cli)
  command.addHelpText(
    'after',
    '\nEvery command also takes --data, --database, --project, --json, --quiet and --no-color: see trainyard --help.',
  )
  if (command.commands.length > 0) command.helpCommand(false).enablePositionalOptions()
  for (const child of command.commands) finish(child, cli)
}

function addGlobalOptions(command: Command, help: 'shown' | 'hidden'): void {
  for (const option of globalOptions())
    command.addOption(help === 'shown' ? option.helpGroup('Global options:') : option.hideHelp())
}

function readGlobals(command: Command): GlobalOptions {
  const globals: GlobalOptions = { json: false, quiet: false }
  for (let level: Command | null = command; level; level = level.parent) {
    const options = level.opts<{ data?: string; database?: string; project?: string; json?: boolean; quiet?: boolean }>()
    // The innermost wins.
    if (globals.data === undefined && options.data !== undefined) globals.data = options.data
    if (globals.database === undefined && options.database !== undefined) globals.database = options.database
    if (globals.project === undefined && options.project !== undefined) globals.project = options.project
    globals.json ||= options.json === true
    globals.quiet ||= options.quiet === true
    if (level.getOptionValueSource('color') === 'cli') globals.color = false
  }
  return globals
}

/**
 * The first word: what stands before it can only be a global option. `help` and `__complete` speak about a second command, the
 * word behind them.
 */
export function namedCommands(argv: readonly string[]): string[] {
  const words: string[] = []
  for (let index = 0; index < argv.length && words.length < 2; index++) {
    const word = argv[index]!
    if (word === '--data' || word === '--database' || word === '--project') index++
    else if (!word.startsWith('-')) words.push(word)
  }
  return words[0] === 'help' || words[0] === completeCommand ? words : words.slice(0, 1)
}

/** Hidden: answers the shell's question what could come next. */
export const completeCommand = '__complete'

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`

function firstSteps(cli: Cli): string {
  return examplesText(
    [
      ['trainyard run training.py -p epochs=5', 'run a script and keep everything about it'],
      ['trainyard ls --sort "metrics.accuracy desc"', 'list runs, the best first'],
      ['trainyard show latest', 'look at the newest run'],
      ['trainyard help run', 'all about one command'],
    ],
    cli,
  )
}
