import { isAppError } from '@trainyard/contract'
import { listAll } from '../objects/index.ts'
import type { Registry } from '../registry/index.ts'
import type { ImportedRecords, Tracking } from '../tracking/index.ts'
import type { DestinationPlaces } from './import.ts'
import type { RemoteFiles, RemoteRun, RestTarget } from './mlflow/rest-target.ts'
import type { MigrationReport, OnProgress } from './report.ts'

export interface ExportOrigin {
  tracking: Tracking
  /** Only its marks: what has been given before. */
  records: ImportedRecords
  registry: Registry
  places: DestinationPlaces
}

export interface ExportOptions {
  project: string
  /** Names or ids; all of them when empty. */
  experiments: readonly string[]
  artifacts: boolean
  dryRun: boolean
  again: boolean
  onProgress?: OnProgress
}

/** One export under way. */
export interface Exporting {
  readonly target: RestTarget
  readonly origin: ExportOrigin
  readonly options: ExportOptions
  readonly report: MigrationReport
  readonly peer: string
  /** Runs of ours, and what they are there. */
  readonly runs: Map<string, RemoteRun>
  /** Runs of ours that belong to others of ours. */
  readonly parents: Map<string, string>
  /** Logged models of ours, and what they are there. */
  readonly loggedModels: Map<string, RemoteRun>
}

export function noteFailure({ report }: Exporting, of: string, error: unknown): void {
  if (!isAppError(error) || error.code === 'unavailable' || error.code === 'storage' || error.code === 'internal') throw error
  report.differences.push({ of, sentence: error.message })
}

/** Streams all files of a place. One that cannot be given is told and passed over. */
export async function giveFiles(exporting: Exporting, place: string, files: RemoteFiles, of: string): Promise<void> {
  const { report, origin } = exporting
  const store = await origin.places.open(place)
  for await (const { key, sizeBytes } of listAll(store)) {
    try {
      await files.put(key, (await store.get(key)).stream as AsyncIterable<Uint8Array>)
      report.files++
      report.bytes += sizeBytes ?? 0
    } catch (error) {
      noteFailure(exporting, `${of}, file ${key}`, error)
    }
  }
}
