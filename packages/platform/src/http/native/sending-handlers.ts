import type { IncomingMessage } from 'node:http'
import { AppError, type RunRecord } from '@trainyard/contract'
import type { SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { inBucket, placeInRun, placeOfSent } from './sent-places.ts'

const mostOutputBytes = 16 << 20
const mostJournalBytes = 32 << 20

export const sendingHandlers: SomeHandlers<
  'sendRun' | 'sendOutput' | 'getJournal' | 'sendJournal' | 'sendArtifact' | 'linkArtifacts'
> = {
  sendRun: async (context, { path, body: { record, history, revision, datasets = [] } }) => {
    const { tracking } = context
    if (record.id !== path.run)
      throw new AppError('invalid_argument', `The body: record.id is not ${path.run}, as the path says.`)
    // Numbers among the results are points of metrics, which come on their own.
    const results = Object.fromEntries(Object.entries(record.results).filter(([, value]) => typeof value !== 'number'))
    const image = { record: { ...record, results }, history }
    const stored = await tracking.shipped.put(image, { revision, outPath: placeOf(context, image.record) })
    if (datasets.length > 0) await tracking.datasets.add(record.id, datasets)
    const [series, outputBytes, artifacts] = await Promise.all([
      tracking.metrics.series(record.id),
      tracking.logs.sizeBytes(record.id),
      tracking.artifacts.ofRun(record.id),
    ])
    return {
      ...stored,
      series: Object.fromEntries(series.map(({ key, pointCount, last }) => [key, { count: pointCount, lastStep: last.step }])),
      outputBytes,
      artifacts: artifacts.map(({ id }) => id),
    }
  },
  sendOutput: async ({ tracking, clock }, { path, query: { offset, timeMs = clock.nowMs() }, raw }) => {
    await tracking.runs.get(path.run)
    const bytes = await readBytes(raw.raw, mostOutputBytes)
    if (bytes.length > 0) await tracking.logs.append(path.run, [{ offset, timeMs, bytes }])
    return { sizeBytes: await tracking.logs.sizeBytes(path.run) }
  },
  getJournal: async ({ tracking }, { path }) => {
    const { offset, sequence } = await tracking.journals.position(path.run, checkJournal(path.journal))
    return { offset, sequence }
  },
  sendJournal: async ({ tracking }, { path, query, raw }) => {
    const journal = checkJournal(path.journal)
    await tracking.runs.get(path.run)
    const bytes = await readBytes(raw.raw, mostJournalBytes)
    const { problems } = await tracking.journals.ingest(path.run, journal, bytes, query.offset)
    const { offset, sequence } = await tracking.journals.position(path.run, journal)
    return { offset, sequence, problems }
  },
  sendArtifact: async (context, { path, body: { path: inner, model, ...body } }) => {
    const { tracking } = context
    const run = await tracking.runs.get(path.run)
    if (body.id !== path.artifact || body.runId !== run.id)
      throw new AppError('invalid_argument', 'The body: id and runId are those of the path.')
    const target =
      model !== undefined ? await placeOfSent(context, run, { model }) : placeInRun(run, { path: inner, target: body.target })
    await tracking.shipped.addArtifact({ ...body, target })
    return await tracking.artifacts.get(body.id)
  },
  linkArtifacts: async ({ tracking }, { path, body }) => {
    await tracking.shipped.linkArtifacts(path.run, body.artifacts)
    return {}
  },
}

/** Files of a run come to a folder of this server, or stay in the bucket where they are. */
const placeOf = ({ placeOfRun }: NativeContext, { id, project, outPath }: RunRecord): string =>
  inBucket.test(outPath) ? outPath : placeOfRun(id, project)

function checkJournal(name: string): string {
  if (/^[\w.-]{1,200}$/.test(name)) return name
  throw new AppError(
    'invalid_argument',
    `The name of a journal has letters, digits, _, - and . only, not '${name.slice(0, 80)}'.`,
  )
}

/** All of a body, or nothing: one that is cut off on its way fails. */
async function readBytes(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    sizeBytes += piece.length
    if (sizeBytes > mostBytes)
      throw new AppError(
        'invalid_argument',
        `The body: at most ${mostBytes} bytes at a time; send the rest with the next request.`,
      )
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
