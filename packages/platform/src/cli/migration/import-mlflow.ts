import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { openDataDirectory } from '../../base/data-directory.ts'
import { defaultProject } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { collect } from '../models/tag-options.ts'
import { directoryPlace } from '../open-directory.ts'
import { openSession, openSessionIn, type Session } from '../session.ts'
import { showMigration } from './migration-progress.ts'
import { openPlaces } from '../session-places.ts'

interface ImportOptions {
  experiment?: string[]
  /** False for `--no-artifacts`. */
  artifacts?: string | false
  workspace?: string
  dryRun?: boolean
  again?: boolean
}

export function defineImportMlflow(command: Command, cli: Cli): void {
  const mlflow = command
    .command('mlflow')
    .description(
      'Bring everything from an MLflow server, a folder mlruns or the database behind a server: with ids, times, whole histories, files and registry. A second time it takes only what has changed; one that was interrupted is finished by the next.',
    )
    .argument('<source>', 'http(s)://…, a folder mlruns, mlflow.db, sqlite:///…, postgresql://… or mysql://…')
    .option('-e, --experiment <name>', 'only this experiment, by name or id; may be repeated', collect)
    .option('--no-artifacts', 'records only; runs with files in a bucket go on pointing there')
    .option('--artifacts <place>', 'the folder or bucket that mlflow-artifacts:/ stands for, where no server is asked')
    .option('--workspace <name>', 'of a server with several (default: default)')
    .option('--again', 'look at everything again, also at what has not changed')
    .option('--dry-run', 'only say what would be taken')
    .action(async (address: string, options: ImportOptions) => {
      await using session = await (options.dryRun === true ? openDrySession(cli) : openSession(cli, { create: true }))
      const { createImportedRecords } = await import('../../tracking/index.ts')
      const { createImportedModels } = await import('../../registry/index.ts')
      const { createImportedTraces } = await import('../../traces/index.ts')
      const { importFrom, openMlflowSource } = await import('../../migration/index.ts')
      const { artifacts } = options
      await using source = await openMlflowSource(address, {
        objects: session.objectContext,
        artifacts: typeof artifacts === 'string' ? artifacts : undefined,
        workspace: options.workspace,
      })
      const { database, tracking } = session
      const destination = {
        tracking,
        records: createImportedRecords(database, { clock: { nowMs: cli.nowMs } }),
        registry: createImportedModels(database, { clock: { nowMs: cli.nowMs } }),
        traces: createImportedTraces(database),
        places: (await openPlaces(session)).places,
      }
      await showMigration(cli, 'import', (onProgress) =>
        importFrom(source, destination, {
          project: cli.project ?? defaultProject,
          experiments: options.experiment ?? [],
          artifacts: artifacts !== false,
          dryRun: options.dryRun === true,
          again: options.again === true,
          onProgress,
        }),
      )
    })
  addExamples(mlflow, cli, [
    ['trainyard import mlflow http://mlflow.example:5000', 'from a running server'],
    ['trainyard import mlflow ./mlruns --dry-run', 'what would come from a folder'],
    ['trainyard import mlflow mlflow.db -e fraud --project risk', 'one experiment into a project'],
  ])
}

/** Where there is no data directory, one that is empty and gone at the end: looking makes none. */
async function openDrySession(cli: Cli): Promise<Session> {
  if (existsSync(directoryPlace(cli).path)) return await openSession(cli, { create: false })
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-dry-run-'))
  await using opened = new AsyncDisposableStack()
  opened.defer(() => rmSync(folder, { recursive: true, force: true }))
  const session = opened.use(await openSessionIn(cli, openDataDirectory({ path: folder, chosenBy: 'default' })))
  const owned = opened.move()
  return { ...session, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
