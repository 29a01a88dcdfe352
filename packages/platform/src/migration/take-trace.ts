import type { Mark } from '../tracking/index.ts'
import { largestTraceFileBytes, readTraceFile, type SpanRecord, traceFile } from '../traces/index.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Importing } from './import.ts'
import type { FileOwner, MigrationSource, SourceFile, SourceTrace } from './source.ts'
import { type FilesTaken, noteFile, takeFiles } from './take-files.ts'

/** A trace with its spans and files, up to its mark. */
export async function takeTrace(
  importing: Importing,
  { artifactUri, ...trace }: SourceTrace,
  experimentId: string,
  mark: Mark | undefined,
): Promise<void> {
  const { source, destination, options, report, peer } = importing
  const owner: FileOwner = { kind: 'trace', id: trace.id, artifactUri, experimentId: trace.experimentId }
  const listed: FilesTaken = { complete: true, differences: [] }
  const files = await listFiles(source, owner, listed)
  const sizes = files.map(({ path, sizeBytes }) => [path, sizeBytes])
  const fingerprint = fingerprintOf({ ...trace, to: experimentId, sizes, artifacts: options.artifacts })
  if (mark?.fingerprint === fingerprint && !options.again) return void report.traces.unchanged++
  if (options.dryRun) {
    for (const sentence of listed.differences) report.differences.push({ of: `trace ${trace.id}`, sentence })
    return void report.traces[mark ? 'changed' : 'made']++
  }

  const spans = await readSpans(trace.id, files, listed)
  const tagKeys = Object.keys(trace.tags)
  const { made, differences } = await destination.traces.take({
    ...trace,
    experimentId,
    spans: spans ?? [],
    removedTags: (mark?.tagKeys ?? []).filter((key) => !tagKeys.includes(key)),
  })
  const place = await destination.places.ofTrace({ id: trace.id, project: options.project, experimentId })
  // Spans that were read are records now; the file is written from them for whoever asks.
  const kept = spans === undefined ? files : files.filter(({ path }) => path !== traceFile)
  const taken =
    options.artifacts && kept.length > 0
      ? await takeFiles({ files: () => inOrder(kept) }, owner, {
          store: await destination.places.open(place),
          again: options.again,
          report,
        })
      : { complete: true, differences: [] }
  for (const sentence of [...differences, ...listed.differences, ...taken.differences])
    report.differences.push({ of: `trace ${trace.id}`, sentence })
  if (listed.complete && taken.complete)
    await destination.records.marks.put(peer, {
      kind: 'trace',
      peerId: trace.id,
      localId: trace.id,
      fingerprint,
      tagKeys,
    })
  report.traces[made ? 'made' : 'changed']++
}

/** None when they cannot be listed, which is told: the trace is more than its files. */
async function listFiles(source: MigrationSource, owner: FileOwner, listed: FilesTaken): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  try {
    for await (const file of source.files(owner)) files.push(file)
  } catch (error) {
    noteFile(listed, '', error)
  }
  return files
}

async function* inOrder(files: readonly SourceFile[]): AsyncGenerator<SourceFile> {
  yield* files
}

/** Undefined when its file is not there, or none that spans can be read from. */
async function readSpans(traceId: string, files: readonly SourceFile[], listed: FilesTaken): Promise<SpanRecord[] | undefined> {
  const file = files.find(({ path }) => path === traceFile)
  if (!file || (file.sizeBytes ?? 0) > largestTraceFileBytes) return undefined
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of await file.open()) chunks.push(chunk)
  } catch (error) {
    noteFile(listed, file.path, error)
    return undefined
  }
  return readTraceFile(traceId, Buffer.concat(chunks).toString())
}
