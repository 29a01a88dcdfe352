/**
 * The command line: words to commands, records to tables, errors to sentences and exit codes. It is the top row: it may use every
 * other folder, and nothing uses it.
 *
 * Start with `command-table.ts` (what there is), then `commands/ls.ts` (what a command looks like) and `cli.ts` (what it is given).
 * `session.ts` opens the data directory; `output/` knows terminals and nothing of runs; `config.ts` alone reads the environment.
 */
import { createCli, type MainOptions } from './cli.ts'
import { buildProgram } from './program.ts'
import { reportError } from './report-error.ts'

/**
 * Runs one command. `argv` is what follows the program's name. The answer is the exit code (`exit-codes.ts`); it never throws.
 * Without `options` it uses the process's own streams, environment and working folder.
 */
export async function main(argv: readonly string[], options: Partial<MainOptions> = {}): Promise<number> {
  const cli = createCli(argv, options)
  try {
    const code = await runCommand(argv, cli).catch((error: unknown) => reportError(error, argv, cli))
    // Also after a failure, so that a reader who went away is known before nobody listens; what went wrong before says more.
    await cli.flush().catch((error: unknown) => {
      if (code === 0) throw error
    })
    return code
  } catch (error) {
    return reportError(error, argv, cli)
  } finally {
    cli.dispose()
  }
}

async function runCommand(argv: readonly string[], cli: ReturnType<typeof createCli>): Promise<number> {
  const program = await buildProgram(argv, cli)
  if (argv.length === 0) program.outputHelp()
  else await program.parseAsync([...argv], { from: 'user' })
  return cli.exitCode
}
