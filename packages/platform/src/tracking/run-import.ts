import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
import type { Database, Transaction } from '../database/index.ts'
import { addLink, getVersion } from './artifact-change.ts'
import { storeArtifact } from './artifact-import.ts'
import { storePoints } from './metric-ingest.ts'
import { PointBuffer } from './metric-segment.ts'
import { checkNewRun, createRun } from './run-create.ts'
import { type ExportLine, pointValue, readExport } from './run-export-format.ts'
import { storeImage, toNewRun } from './run-image.ts'
import { findRunNumber, getRunNumber } from './run-number.ts'
import type { Tracking } from './tracking.ts'

/** Where the bytes of an artifact go: `put` is called for each file, and `target` becomes that of the record. `run` is as it was exported. */
type PlaceArtifact = (
  artifact: ArtifactRecord,
  run: RunRecord,
) => Promise<{
  target: string
  /** Repeats replace. `path` is `''` for an artifact that is one file. */
  put(path: string, body: AsyncIterable<Uint8Array>): Promise<void>
}>

export interface ImportOptions {
  /** Opens the file from its start; called twice, as it is read through once before anything is stored. */
  open: () => AsyncIterable<Uint8Array>
  /** The folder of a run here; what was exported names a place on another machine. */
  outPathOf: (run: RunRecord) => string
  placeArtifact: PlaceArtifact
}

/**
 * Takes in a file of `exportRuns`. Ids and times stay; runs that are here already are left alone, so a repeat changes nothing
 * and one after a crash finishes the work: each run is stored whole, in one transaction, before its output follows.
 * A damaged file is refused with `invalid_argument` before anything is stored.
 */
export async function importRuns(
  database: Database,
  tracking: Tracking,
  { open, outPathOf, placeArtifact }: ImportOptions,
): Promise<{ imported: string[]; skipped: string[] }> {
  for await (const line of readExport(open())) if (line.type === 'run') checkNewRun(toNewRun(line.record))
  const imported: string[] = []
  const skipped: string[] = []
  const lines = new LineReader(readExport(open()))
  for (let line = await lines.next(); line; line = await lines.next()) {
    if (line.type === 'log') {
      const bytes = Buffer.from(line.data, 'base64')
      await tracking.logs.append(lines.runId, [{ offset: line.offset, timeMs: line.timeMs, bytes }])
    }
    if (line.type === 'link') await storeLinks(database, line)
    if (line.type !== 'run') continue
    lines.runId = line.record.id
    const isKnown = (await tracking.runs.find(line.record.id)) !== undefined
    const { record, history } = line
    const parts = await readParts(lines, isKnown ? undefined : (artifact) => placeArtifact(artifact, record))
    const placed = { record: { ...record, outPath: outPathOf(record) }, history }
    const isNew = !isKnown && (await database.write((transaction) => storeRun(transaction, placed, parts)))
    ;(isNew ? imported : skipped).push(line.record.id)
  }
  return { imported, skipped }
}

/** Tags came with the artifacts. */
const storeLinks = (database: Database, { runId, artifactIds }: Extract<ExportLine, { type: 'link' }>): Promise<void> =>
  database.write(async (transaction) => {
    const run = await getRunNumber(transaction, runId)
    for (const id of artifactIds) await addLink(transaction, run, await getVersion(transaction, id))
  })

/** Lines one by one, with one to be put back. */
class LineReader {
  readonly #lines: AsyncGenerator<ExportLine>
  #returned: ExportLine | undefined
  /** The run that lines belong to. */
  runId = ''

  constructor(lines: AsyncGenerator<ExportLine>) {
    this.#lines = lines
  }

  async next(): Promise<ExportLine | undefined> {
    const returned = this.#returned
    this.#returned = undefined
    if (returned) return returned
    const { value, done } = await this.#lines.next()
    return done ? undefined : value
  }

  putBack(line: ExportLine): void {
    this.#returned = line
  }
}

interface RunParts {
  points: PointBuffer[]
  artifacts: ArtifactRecord[]
}

/** Everything up to `stored`. Without `place` bytes are passed over. */
async function readParts(
  lines: LineReader,
  place: ((artifact: ArtifactRecord) => ReturnType<PlaceArtifact>) | undefined,
): Promise<RunParts> {
  const points = new Map<string, PointBuffer>()
  const artifacts: ArtifactRecord[] = []
  let placed: Awaited<ReturnType<PlaceArtifact>> | undefined
  for (let line = await lines.next(); line && line.type !== 'stored'; line = await lines.next()) {
    if (line.type === 'metric') {
      const buffer = points.get(line.key) ?? new PointBuffer(line.key, line.points.length)
      points.set(line.key, buffer)
      for (const [step, timeMs, value] of line.points) buffer.push(step, timeMs, pointValue(value))
    } else if (line.type === 'artifact') {
      placed = line.hasBytes && place ? await place(line.record) : undefined
      artifacts.push(placed ? { ...line.record, target: placed.target } : line.record)
    } else if (line.type === 'file') {
      const body = readBytes(lines)
      await placed?.put(line.path, body)
      for await (const _ of body) {
        // What nobody wanted is passed over.
      }
    }
  }
  return { points: [...points.values()], artifacts }
}

async function* readBytes(lines: LineReader): AsyncGenerator<Buffer> {
  for (let line = await lines.next(); line; line = await lines.next()) {
    if (line.type !== 'bytes') {
      lines.putBack(line)
      return
    }
    yield Buffer.from(line.data, 'base64')
  }
}

/** False when the run has come in by another way meanwhile. */
async function storeRun(
  transaction: Transaction,
  { record, history }: Pick<Extract<ExportLine, { type: 'run' }>, 'record' | 'history'>,
  { points, artifacts }: RunParts,
): Promise<boolean> {
  if ((await findRunNumber(transaction, record.id)) !== undefined) return false
  const { kysely } = transaction
  const number = await createRun(transaction, toNewRun(record), record.createdAtMs)
  await storeImage(transaction, number, { record, history })
  await storePoints(transaction, number, points)
  for (const artifact of artifacts.toSorted((left, right) => left.createdAtMs - right.createdAtMs))
    await storeArtifact(transaction, artifact)
  await kysely
    .updateTable('runs')
    .set({
      state_reason: record.stateReason,
      started_at: record.startedAtMs,
      ended_at: record.endedAtMs,
      updated_at: record.updatedAtMs,
    })
    .where('number', '=', number)
    .execute()
  return true
}
