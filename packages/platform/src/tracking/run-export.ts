import { createHash } from 'node:crypto'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { AppError, type ArtifactRecord, isEnded, type RunRecord, toWireNumber } from '@trainyard/contract'
import { encodeRecord, type ExportLine, exportFormat, exportVersion } from './run-export-format.ts'
import type { Tracking } from './tracking.ts'

/** The files an artifact consists of: one with the path `''`, or those of a folder. Undefined when its bytes are to stay where they are. */
export type ReadArtifact = (
  artifact: ArtifactRecord,
) => Promise<AsyncIterable<{ path: string; body: AsyncIterable<Uint8Array> }> | undefined>

const pointsPerLine = 5_000
/** Divisible by three, so that pieces of base64 have no padding inside. */
const bytesPerLine = 768 * 1024

/**
 * Writes runs as one file (see `run-export-format.ts`): records, state history, every metric point, captured output, and the bytes of
 * artifacts. Iterations go with their parent, and a parent with an iteration that was asked for. Runs at work are refused with
 * `failed_precondition`. `output` is ended, or destroyed when something fails.
 */
export async function exportRuns(
  tracking: Tracking,
  ids: readonly string[],
  { output, readArtifact }: { output: Writable; readArtifact: ReadArtifact },
): Promise<{ runIds: string[] }> {
  const runs = await withFamily(tracking, ids)
  const busy = runs.find((run) => !isEnded(run.state) && run.state !== 'created')
  if (busy)
    throw new AppError('failed_precondition', `Run ${busy.id} is ${busy.state}; export it when it has ended.`, {
      details: { runId: busy.id },
    })
  await pipeline(Readable.from(encode(exportLines(tracking, runs, readArtifact))), createGzip({ level: 6 }), output)
  return { runIds: runs.map((run) => run.id) }
}

/** Parents before their children. */
async function withFamily(tracking: Tracking, ids: readonly string[]): Promise<RunRecord[]> {
  const runs = new Map<string, RunRecord>()
  const addWithParents = async (run: RunRecord): Promise<void> => {
    if (runs.has(run.id)) return
    if (run.parentId !== null) await addWithParents(await tracking.runs.get(run.parentId))
    runs.set(run.id, run)
  }
  for (const run of await tracking.runs.getMany(ids)) {
    await addWithParents(run)
    for (const child of await tracking.runs.children(run.id)) runs.set(child.id, child)
  }
  return [...runs.values()]
}

async function* encode(lines: AsyncIterable<ExportLine>): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const line of lines) {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    hash.update(bytes)
    yield bytes
  }
  yield Buffer.from(`${JSON.stringify({ type: 'end', sha256: hash.digest('hex') } satisfies ExportLine)}\n`)
}

async function* exportLines(
  tracking: Tracking,
  runs: readonly RunRecord[],
  readArtifact: ReadArtifact,
): AsyncGenerator<ExportLine> {
  yield { type: 'header', format: exportFormat, version: exportVersion, runs: runs.length }
  const exported = new Set(runs.map((run) => run.id))
  const links: ExportLine[] = []
  for (const run of runs) {
    yield { type: 'run', record: encodeRecord(run), history: await tracking.runs.history(run.id) }
    yield* metricLines(tracking, run.id)
    const artifacts = await tracking.artifacts.ofRun(run.id)
    for (const artifact of artifacts) if (artifact.runId === run.id) yield* artifactLines(artifact, readArtifact)
    const linked = artifacts.filter(({ runId }) => runId !== null && runId !== run.id && exported.has(runId))
    if (linked.length > 0) links.push({ type: 'link', runId: run.id, artifactIds: linked.map(({ id }) => id) })
    yield { type: 'stored' }
    for await (const { offset, timeMs, bytes } of tracking.logs.read(run.id)) {
      for (let at = 0; at < bytes.length; at += bytesPerLine) {
        const part = bytes.subarray(at, at + bytesPerLine)
        yield { type: 'log', offset: offset + at, timeMs, data: Buffer.from(part).toString('base64') }
      }
    }
  }
  yield* links
}

async function* metricLines(tracking: Tracking, runId: string): AsyncGenerator<ExportLine> {
  for (const { key } of await tracking.metrics.series(runId)) {
    const points = await tracking.metrics.history(runId, key)
    for (let at = 0; at < points.length; at += pointsPerLine) {
      const part = points.slice(at, at + pointsPerLine)
      yield { type: 'metric', key, points: part.map(({ step, timeMs, value }) => [step, timeMs, toWireNumber(value)]) }
    }
  }
}

async function* artifactLines(artifact: ArtifactRecord, readArtifact: ReadArtifact): AsyncGenerator<ExportLine> {
  const files = await readArtifact(artifact)
  yield { type: 'artifact', record: artifact, hasBytes: files !== undefined }
  if (!files) return
  for await (const { path, body } of files) {
    yield { type: 'file', path }
    for await (const piece of body) {
      for (let at = 0; at < piece.length; at += bytesPerLine)
        yield { type: 'bytes', data: Buffer.from(piece.subarray(at, at + bytesPerLine)).toString('base64') }
    }
  }
}
