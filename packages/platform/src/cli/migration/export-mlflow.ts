import type { Command } from 'commander'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { collect } from '../models/tag-options.ts'
import { openRecords } from '../open-records.ts'
import { showMigration } from './migration-progress.ts'
import { openPlaces } from '../session-places.ts'

interface ExportOptions {
  experiment?: string[]
  artifacts: boolean
  workspace?: string
  dryRun?: boolean
  again?: boolean
}

export function defineExportMlflow(command: Command, cli: Cli): void {
  const mlflow = command
    .command('mlflow')
    .description(
      'Write experiments, runs, histories, files and the registry to an MLflow server. It gives ids of its own; the tag trainyard.runId tells which run is which. A second time only what has changed is written.',
    )
    .argument('<server>', 'the address of an MLflow server')
    .option('-e, --experiment <name>', 'only this experiment, by name or id; may be repeated', collect)
    .option('--no-artifacts', 'records only')
    .option('--workspace <name>', 'of a server with several')
    .option('--again', 'write everything again, also what has not changed')
    .option('--dry-run', 'only say what would be written')
    .action(async (address: string, options: ExportOptions) => {
      await using session = await openRecords(cli)
      const { createImportedRecords } = await import('../../tracking/index.ts')
      const { createRegistry } = await import('../../registry/index.ts')
      const { exportTo, openRestTarget } = await import('../../migration/index.ts')
      const { database, tracking, objectContext } = session
      const target = await openRestTarget(address, { objects: objectContext, workspace: options.workspace })
      const origin = {
        tracking,
        records: createImportedRecords(database, { clock: { nowMs: cli.nowMs } }),
        registry: createRegistry(database, { clock: { nowMs: cli.nowMs } }),
        places: (await openPlaces(session)).places,
      }
      await showMigration(cli, 'export', (onProgress) =>
        exportTo(target, origin, {
          project: cli.project ?? defaultProject,
          experiments: options.experiment ?? [],
          artifacts: options.artifacts,
          dryRun: options.dryRun === true,
          again: options.again === true,
          onProgress,
        }),
      )
    })
  addExamples(mlflow, cli, [
    ['trainyard export mlflow http://mlflow.example:5000', 'everything of the project'],
    ['trainyard export mlflow http://mlflow.example:5000 -e iris', 'one experiment'],
  ])
}
