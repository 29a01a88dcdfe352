import type { ArtifactRecord, RunStateChange } from '@trainyard/contract'
import type { Database, Transaction } from '../database/index.ts'
import { addArtifact } from './artifact-change.ts'
import { storePoints } from './metric-ingest.ts'
import { PointBuffer } from './metric-segment.ts'
import { checkNewRun, createRun, toJson } from './run-create.ts'
import { type ExportedRun, type ExportLine, pointValue, readExport } from './run-export-format.ts'
import { findRunNumber } from './run-number.ts'
import { indexedText } from './stored-value.ts'
import type { NewRun, Tracking } from './tracking.ts'

/** Where the bytes of an artifact go: `put` is called for each file, and `target` becomes that of the record. */
export type PlaceArtifact = (artifact: ArtifactRecord) => Promise<{
  target: string
  /** Repeats replace. `path` is `''` for an artifact that is one file. */
  put(path: string, body: AsyncIterable<Uint8Array>): Promise<void>
}>

export interface ImportOptions {
  /** Opens the file from its start; called twice, as it is read through once before anything is stored. */
  open: () => AsyncIterable<Uint8Array>
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
  { open, placeArtifact }: ImportOptions,
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
    if (line.type === 'link') await tracking.artifacts.link(line.runId, line.artifactIds)
    if (line.type !== 'run') continue
    lines.runId = line.record.id
    const isKnown = (await tracking.runs.find(line.record.id)) !== undefined
    const parts = await readParts(lines, isKnown ? undefined : placeArtifact)
    const isNew = !isKnown && (await database.write((transaction) => storeRun(transaction, line, parts)))
    ;(isNew ? imported : skipped).push(line.record.id)
  }
  return { imported, skipped }
}

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
async function readParts(lines: LineReader, place: PlaceArtifact | undefined): Promise<RunParts> {
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

const toNewRun = (record: ExportedRun): NewRun => ({
  id: record.id,
  name: record.name,
  project: record.project,
  experiment: record.experiment,
  kind: record.kind,
  ...(record.parentId === null ? {} : { parentId: record.parentId }),
  iteration: record.iteration,
  state: record.state,
  createdAtMs: record.createdAtMs,
  owner: record.owner,
  host: record.host,
  parameters: record.parameters,
  labels: record.labels,
  ...(record.task ? { task: record.task } : {}),
  outPath: record.outPath,
  ...(record.code ? { code: record.code } : {}),
  attempt: record.attempt,
})

/** False when the run has come in by another way meanwhile. */
async function storeRun(
  transaction: Transaction,
  { record, history }: Extract<ExportLine, { type: 'run' }>,
  { points, artifacts }: RunParts,
): Promise<boolean> {
  if ((await findRunNumber(transaction, record.id)) !== undefined) return false
  const { kysely } = transaction
  const number = await createRun(transaction, toNewRun(record), record.createdAtMs)
  const documents = { exit: toJson(record.exit), error: toJson(record.error), sweep: toJson(record.sweep) }
  await kysely
    .updateTable('run_documents')
    .set({ ...documents, environment: toJson(record.environment), problems: JSON.stringify(record.problems) })
    .where('run', '=', number)
    .execute()
  await storeHistory(transaction, number, history)
  const others = Object.entries(record.results).map(([key, value]) => [number, key, indexedText(value), JSON.stringify(value)])
  await transaction.insertRows('results', ['run', 'key', 'text', 'value'], others)
  const inputs = record.inputs.map((input, at) => [
    number,
    input.key,
    at,
    input.url,
    input.sizeBytes ?? null,
    input.sha256 ?? null,
  ])
  await transaction.insertRows('inputs', ['run', 'key', 'ordinal', 'url', 'size_bytes', 'sha256'], inputs)
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

async function storeHistory(transaction: Transaction, run: number, history: readonly RunStateChange[]): Promise<void> {
  await transaction.kysely.deleteFrom('run_states').where('run', '=', run).execute()
  const rows = history.map(({ state, atMs, reason }, at) => [run, at + 1, state, atMs, reason])
  await transaction.insertRows('run_states', ['run', 'ordinal', 'state', 'at', 'reason'], rows)
}

/** Tags that another version has here already stay with it. */
async function storeArtifact(transaction: Transaction, artifact: ArtifactRecord): Promise<void> {
  const { id, tags, format, sizeBytes, sha256, ...rest } = artifact
  const isTaken = await transaction.kysely.selectFrom('artifacts').select('id').where('id', '=', id).executeTakeFirst()
  if (isTaken) return
  const added = await addArtifact(transaction, {
    ...rest,
    ...(format === null ? {} : { format }),
    ...(sizeBytes === null ? {} : { sizeBytes }),
    ...(sha256 === null ? {} : { sha256 }),
  })
  await transaction.kysely.updateTable('artifacts').set({ id }).where('id', '=', added).execute()
  const { number, project, key } = await transaction.kysely
    .selectFrom('artifacts')
    .select(['number', 'project', 'key'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const rows = tags.map((tag) => [project, key, tag, number])
  await transaction.insertRows('artifact_tags', ['project', 'key', 'tag', 'artifact'], rows, { onConflict: 'ignore' })
}
