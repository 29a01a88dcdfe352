import { createReadStream, existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import { importRuns } from '../../tracking/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { countOf } from '../output/format.ts'
import { portablePlaces } from '../../upkeep/index.ts'
import { defineImportMlflow } from '../migration/import-mlflow.ts'
import { openSession } from '../session.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Take in runs from files that export wrote. Runs that are here already are left alone.')
    .argument('<files...>', 'files written by trainyard export')
    .action(async (files: string[]) => {
      const paths = files.map((file) => checkFile(cli, file))
      await using session = await openSession(cli, { create: true })
      const total = { imported: [] as string[], skipped: [] as string[] }
      for (const path of paths) {
        const { imported, skipped } = await importRuns(session.database, session.tracking, {
          open: () => createReadStream(path),
          ...portablePlaces(session),
        })
        total.imported.push(...imported)
        total.skipped.push(...skipped)
      }
      if (cli.globals.json) return cli.printJson(total)
      if (cli.globals.quiet) return total.imported.length === 0 ? undefined : cli.print(total.imported.join('\n'))
      const known = total.skipped.length === 0 ? '' : `; ${total.skipped.length} were here already`
      return cli.note(`Imported ${countOf(total.imported.length, 'run')}${known}.`)
    })
  addExamples(command, cli, [
    ['trainyard import best.trainyard', 'with its metrics, output and artifacts'],
    ['trainyard import mlflow http://mlflow.example:5000', 'everything from an MLflow server'],
  ])
  defineImportMlflow(command, cli)
}

/** Before a data directory is made for nothing. */
function checkFile(cli: Cli, file: string): string {
  const path = resolve(cli.workingDirectory, file)
  if (!existsSync(path)) throw new AppError('not_found', `There is no file ${file}.`)
  if (!statSync(path).isFile())
    throw new AppError('invalid_argument', `${file} is not a file; give one that trainyard export wrote.`)
  return path
}
