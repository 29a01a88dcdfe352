import type { Mark } from '../tracking/index.ts'
import { largestTraceFileBytes, readTraceFile, type SpanRecord, traceFile } from '../traces/index.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Importing } from './import.ts'
import type { FileOwner, SourceFile, SourceTrace } from './source.ts'
import { takeFiles } from './take-files.ts'

/** A trace with its spans and files, up to its mark. */
export async function takeTrace(
  importing: Importing,
  { artifactUri, ...trace }: SourceTrace,
  experimentId: string,
  mark: Mark | undefined,
): Promise<void> {
  const { source, destination, options, report, peer } = importing
  const owner: FileOwner = { kind: 'trace', id: trace.id, artifactUri, experimentId: trace.experimentId }
  const files: SourceFile[] = []
  for await (const file of source.files(owner)) files.push(file)
  const sizes = files.map(({ path, sizeBytes }) => [path, sizeBytes])
  const fingerprint = fingerprintOf({ ...trace, to: experimentId, sizes, artifacts: options.artifacts })
  if (mark?.fingerprint === fingerprint && !options.again) return void report.traces.unchanged++
  if (options.dryRun) return void report.traces[mark ? 'changed' : 'made']++

  const spans = await readSpans(trace.id, files)
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
  for (const sentence of [...differences, ...taken.differences]) report.differences.push({ of: `trace ${trace.id}`, sentence })
  if (taken.complete)
    await destination.records.marks.put(peer, {
      kind: 'trace',
      peerId: trace.id,
      localId: trace.id,
      fingerprint,
      tagKeys,
    })
  report.traces[made ? 'made' : 'changed']++
}

async function* inOrder(files: readonly SourceFile[]): AsyncGenerator<SourceFile> {
  yield* files
}

/** Undefined when its file is not there, or none that spans can be read from. */
async function readSpans(traceId: string, files: readonly SourceFile[]): Promise<SpanRecord[] | undefined> {
  const file = files.find(({ path }) => path === traceFile)
  if (!file || (file.sizeBytes ?? 0) > largestTraceFileBytes) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of await file.open()) chunks.push(chunk)
  return readTraceFile(traceId, Buffer.concat(chunks).toString())
}
