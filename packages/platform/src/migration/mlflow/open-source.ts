import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { ObjectContext } from '../../objects/index.ts'
import type { MigrationSource } from '../source.ts'

export interface OpenOptions {
  objects: ObjectContext
  /** What `mlflow-artifacts:/` stands for, where no server is asked. */
  artifacts: string | undefined
  workspace: string | undefined
}

/** An MLflow server, the folder `mlruns` of a file store, or the database behind a server, by its address. */
export async function openMlflowSource(address: string, options: OpenOptions): Promise<MigrationSource> {
  const { environment, workingDirectory } = options.objects
  if (/^https?:\/\//i.test(address)) {
    const { openRestSource } = await import('./rest-source.ts')
    const { workspace } = options
    return await openRestSource(address, { environment, ...(workspace === undefined ? {} : { workspace }) })
  }
  if (/^(?:postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?:\/\//i.test(address)) return await fromDatabase(address, options)
  const path = resolve(workingDirectory, address.replace(/^sqlite:\/\/\//i, '').replace(/^file:(?:\/\/)?/i, ''))
  if (!existsSync(path))
    throw new AppError(
      'not_found',
      `There is nothing at ${path}. Name a server (http://…), a folder mlruns, or a database (mlflow.db, postgresql://…, mysql://…).`,
    )
  if (!statSync(path).isDirectory()) return await fromDatabase(path, options)
  const { openFolderSource } = await import('./folder-source.ts')
  return await openFolderSource(path, options)
}

async function fromDatabase(address: string, options: OpenOptions): Promise<MigrationSource> {
  const { openDatabaseSource } = await import('./database-source.ts')
  return await openDatabaseSource(address, options)
}
