import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import { backupDatabase, restoreDatabase } from '../../database/index.ts'
import type { Cli } from '../cli.ts'
import { databasePlace } from '../database-place.ts'
import { addExamples } from '../examples.ts'
import { openDirectory } from '../open-directory.ts'
import { formatBytes } from '../output/format.ts'
import { describeCopy } from './describe-copy.ts'
import { displayPlace, refuseWhileServed } from './places.ts'

interface FileOptions {
  force?: boolean
}

export function defineBackup(command: Command, cli: Cli): void {
  const backup = command
    .command('backup')
    .description(
      'Write the whole database to one file, as it is at this moment, while others go on writing. The bytes of artifacts are not in it.',
    )
    .argument('<file>', 'the file to write')
    .option('--force', 'replace the file when it exists')
    .action(async (file: string, options: FileOptions) => {
      const path = resolve(cli.workingDirectory, file)
      if (existsSync(path) && options.force !== true)
        throw new AppError('already_exists', `${file} exists already: choose another name, or give --force.`)
      const place = databasePlace(cli, openDirectory(cli, { create: false }))
      await backupDatabase(place, path)
      const { size } = statSync(path)
      if (cli.globals.json) return cli.printJson({ database: displayPlace(place), path, sizeBytes: size })
      if (cli.globals.quiet) return cli.print(path)
      return cli.note(`Wrote ${displayPlace(place)} to ${file} (${formatBytes(size)}).`)
    })
  addExamples(backup, cli, [
    ['trainyard db backup monday.db', 'the database of the data directory'],
    ['trainyard db backup monday.db --database postgres://ada@db.example/train', 'a shared one, to the same kind of file'],
  ])
}

export function defineRestore(command: Command, cli: Cli): void {
  const restore = command
    .command('restore')
    .description('Put the content of a backup in place, checked row by row; all of it or, when something fails, nothing.')
    .argument('<file>', 'a file that backup has written')
    .option('--force', 'replace everything that the database holds')
    .action(async (file: string, options: FileOptions) => {
      const place = databasePlace(cli, openDirectory(cli, { create: true }))
      refuseWhileServed(place)
      const copied = await restoreDatabase(resolve(cli.workingDirectory, file), place, { replace: options.force === true })
      if (cli.globals.json) return cli.printJson({ database: displayPlace(place), tables: copied })
      if (cli.globals.quiet) return undefined
      return cli.note(`Restored ${displayPlace(place)} from ${file}: ${describeCopy(copied)}.`)
    })
  addExamples(restore, cli, [
    ['trainyard db restore monday.db --data restored', 'into a new data directory'],
    ['trainyard db restore monday.db --force', 'in place of what is there'],
  ])
}
