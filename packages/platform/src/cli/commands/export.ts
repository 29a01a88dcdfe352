import { createWriteStream, existsSync, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import { storageError } from '../../base/errors.ts'
import { exportRuns } from '../../tracking/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'
import { countOf, formatBytes } from '../output/format.ts'
import { artifactReader } from '../../upkeep/index.ts'
import { defineExportMlflow } from '../migration/export-mlflow.ts'
import { type SelectionOptions, selectRuns } from '../run-selection.ts'

interface ExportOptions extends SelectionOptions {
  output?: string
  force?: boolean
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Write runs to one file: records, metrics, output and the bytes of their artifacts. Iterations go with their sweep.',
    )
    .argument('[runs...]', 'runs: ids or their starts, names, latest')
    .option('-o, --output <file>', 'the file to write')
    .option('-f, --filter <condition>', 'all runs that match')
    .option('--state <states>', 'all runs in these states, separated by commas; ended stands for all final ones')
    .option('--older-than <age>', 'all runs made longer ago than this, such as 30d')
    .option('--all', 'every run')
    .option('--force', 'replace the file when it exists')
    .action(async (references: string[], options: ExportOptions) => {
      const { output } = options
      if (output === undefined) throw new AppError('invalid_argument', "Required option '-o, --output <file>' not specified.")
      const path = resolve(cli.workingDirectory, output)
      if (existsSync(path) && options.force !== true) {
        throw new AppError('already_exists', `${output} exists already: choose another name, or give --force.`)
      }
      await using session = await openRecords(cli)
      const { runs } = await selectRuns(cli, session.tracking, references, options)
      if (runs.length === 0) throw new AppError('not_found', 'No run matches, so nothing was written.')
      const readArtifact = artifactReader(session, {
        places: runs.map((run) => run.outPath),
        onMissing: ({ key, target }) =>
          cli.warn(`The bytes of artifact ${key} are not at ${target} any more; its record is exported without them.`),
      })
      const ids = runs.map((run) => run.id)
      const { runIds } = await writeWhole(path, (stream) => exportRuns(session.tracking, ids, { output: stream, readArtifact }))
      const { size } = statSync(path)
      if (cli.globals.json) return cli.printJson({ path, runs: runIds, sizeBytes: size })
      return cli.note(`Exported ${countOf(runIds.length, 'run')} to ${output} (${formatBytes(size)}).`)
    })
  addExamples(command, cli, [
    ['trainyard export latest -o best.trainyard', 'one run to send to a colleague'],
    ['trainyard export --filter "labels.keep = \'yes\'" -o keep.trainyard', 'all that match'],
    ['trainyard export mlflow http://mlflow.example:5000', 'everything, to an MLflow server'],
  ])
  defineExportMlflow(command, cli)
}

/** The file appears under its name when it is complete, and not at all when something fails. */
async function writeWhole<Result>(
  path: string,
  write: (output: ReturnType<typeof createWriteStream>) => Promise<Result>,
): Promise<Result> {
  const unfinished = `${path}.unfinished-${process.pid}`
  try {
    const result = await write(createWriteStream(unfinished))
    await rename(unfinished, path)
    return result
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error instanceof AppError ? error : storageError(`Cannot write ${path}`, error)
  }
}
