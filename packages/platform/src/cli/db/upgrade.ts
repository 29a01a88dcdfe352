import type { Command } from 'commander'
import { upgradeDatabase } from '../../database/index.ts'
import type { Cli } from '../cli.ts'
import { databasePlace } from '../database-place.ts'
import { addExamples } from '../examples.ts'
import { openDirectory } from '../open-directory.ts'
import { displayPlace } from './places.ts'

export function defineUpgrade(command: Command, cli: Cli): void {
  const upgrade = command
    .command('upgrade')
    .description(
      'Bring the tables up to what this version needs. Every command does so by itself; this one does nothing else, and says it. Older versions of the program refuse the database afterwards.',
    )
    .action(async () => {
      const place = databasePlace(cli, openDirectory(cli, { create: false }))
      const { from, to } = await upgradeDatabase(place)
      if (cli.globals.json) return cli.printJson({ database: displayPlace(place), from, to })
      if (cli.globals.quiet) return cli.print(String(to))
      return cli.note(
        from === to
          ? `${displayPlace(place)} is at version ${to}, the newest this program knows.`
          : from === 0
            ? `Made ${displayPlace(place)} at version ${to}.`
            : `Upgraded ${displayPlace(place)} from version ${from} to ${to}.`,
      )
    })
  addExamples(upgrade, cli, [
    ['trainyard db upgrade', 'the database of the data directory'],
    ['trainyard db upgrade --database postgres://ada@db.example/train', 'a shared one, before the servers start'],
  ])
}
