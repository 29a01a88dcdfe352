import type { Command } from 'commander'
import { isPostgresAddress, moveDatabase } from '../../database/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { describeCopy } from './describe-copy.ts'
import { displayPlace, refuseWhileServed, resolvePlace } from './places.ts'

export function defineMove(command: Command, cli: Cli): void {
  const move = command
    .command('move')
    .description(
      'Copy everything from one database to another, SQLite or Postgres, and compare what arrived row by row; all of it or, when something fails, nothing. The first database and the bytes of artifacts stay where they are.',
    )
    .argument('<from>', 'postgres://user@host/database, a data directory, or a file')
    .argument('<to>', 'the same; one that holds nothing yet')
    .option('--force', 'replace everything that the second one holds')
    .action(async (from: string, to: string, options: { force?: boolean }) => {
      const [source, target] = [resolvePlace(from, cli.workingDirectory), resolvePlace(to, cli.workingDirectory)]
      refuseWhileServed(source)
      refuseWhileServed(target)
      const copied = await moveDatabase(source, target, {
        replace: options.force === true,
        onTable: ({ table, rows }) => {
          if (rows > 0 && !cli.globals.json) cli.note(cli.style.dim(`${table}: ${rows}`))
        },
      })
      if (cli.globals.json) return cli.printJson({ from: displayPlace(source), to: displayPlace(target), tables: copied })
      cli.note(`Moved ${displayPlace(source)} to ${displayPlace(target)}: ${describeCopy(copied)}.`)
      return isPostgresAddress(target)
        ? cli.note(`From now on give --database ${displayPlace(target)}, or set TRAINYARD_DATABASE.`)
        : undefined
    })
  addExamples(move, cli, [
    ['trainyard db move .trainyard postgres://ada@db.example/train', 'from the data directory to a shared database'],
    ['trainyard db move postgres://ada@db.example/train backup/.trainyard', 'and back'],
  ])
}
