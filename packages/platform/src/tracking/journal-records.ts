import { AppError, type JournalEnd, type JournalStart } from '@trainyard/contract'
import type { Database, Reader, Transaction } from '../database/index.ts'
import { type JournalBatch, type JournalPosition, journalStart } from './journal-batch.ts'
import { readJournal } from './journal-reader.ts'
import { storeBatch } from './journal-store.ts'
import { numbersPerPoint, type PointBuffer } from './metric-segment.ts'
import type { SeriesState } from './metric-series.ts'
import { getRunNumber } from './run-number.ts'
import type { JournalIngest, JournalProgress, JournalRecords, JournalRequest } from './tracking.ts'

/** Journals whose last position is remembered, so that their lines are read before the database is locked. */
const rememberedJournals = 1000

export function createJournalRecords(database: Database, options: { largestLineBytes?: number } = {}): JournalRecords {
  const remembered = new Map<string, JournalPosition>()
  const remember = (name: string, position: JournalPosition) => {
    if (remembered.size >= rememberedJournals) remembered.clear()
    remembered.set(name, position)
  }

  async function ingest(
    runId: string,
    journal: string,
    bytes: Uint8Array,
    fromOffset?: number,
    watch?: string,
  ): Promise<JournalIngest> {
    const name = `${runId}/${journal}`
    const expected = remembered.get(name) ?? journalStart
    let reading = readFrom(journal, bytes, expected, { fromOffset, ...options })
    let progress: Progress = { consumedBytes: 0, position: expected, states: [] }
    await database.write(async (transaction) => {
      const run = await getRunNumber(transaction, runId)
      const { position } = await readPosition(transaction, run, journal)
      // Somebody else took a part meanwhile, or this process did not know the journal yet.
      if (!isSame(position, expected)) reading = readFrom(journal, bytes, position, { fromOffset, ...options })
      if (reading.isGap) throw gapError(journal, position.offset)
      if (reading.batch && !isSame(reading.position, position)) {
        const states = await storeBatch(transaction, run, reading.batch)
        await storePosition(transaction, run, reading.batch, reading.position)
        progress = { consumedBytes: reading.consumedBytes, position: reading.position, states }
      } else progress = { consumedBytes: reading.consumedBytes, position, states: [] }
    })
    remember(name, progress.position)
    return toIngest(reading.batch, progress, watch)
  }

  return {
    ingest,
    position: (runId, journal) =>
      database.read(async (reader) => {
        const { position, start, end } = await readPosition(reader, await getRunNumber(reader, runId), journal)
        const { offset, sequence } = position
        return { offset, sequence, ...(start && { start }), ...(end && { end }) } satisfies JournalProgress
      }),
    pending: (runId) => database.read(async (reader) => readRequests(reader, await getRunNumber(reader, runId))),
    settle: (runId, requests) =>
      database.write(async (transaction) => {
        const run = await getRunNumber(transaction, runId)
        for (const { journal, sequence } of requests) await settleRequest(transaction, run, { journal, sequence })
      }),
  }
}

interface Reading {
  batch: JournalBatch | undefined
  position: JournalPosition
  consumedBytes: number
  /** The bytes start beyond the position. */
  isGap: boolean
}

interface Progress {
  consumedBytes: number
  position: JournalPosition
  states: SeriesState[]
}

function readFrom(
  journal: string,
  bytes: Uint8Array,
  position: JournalPosition,
  options: { fromOffset: number | undefined; largestLineBytes?: number },
): Reading {
  const { fromOffset = position.offset } = options
  if (fromOffset > position.offset) return { batch: undefined, position, consumedBytes: 0, isGap: true }
  const takenBytes = position.offset - fromOffset
  if (takenBytes >= bytes.length) return { batch: undefined, position, consumedBytes: bytes.length, isGap: false }
  const result = readJournal(journal, bytes.subarray(takenBytes), position, options)
  return { ...result, consumedBytes: result.position.offset - fromOffset, isGap: false }
}

const gapError = (journal: string, offset: number) =>
  new AppError(
    'failed_precondition',
    `The journal ${journal} has been taken in up to byte ${offset} only; give what follows that byte first.`,
    { details: { offset } },
  )

const isSame = (left: JournalPosition, right: JournalPosition): boolean =>
  left.offset === right.offset &&
  left.sequence === right.sequence &&
  left.malformedCount === right.malformedCount &&
  left.isSkipping === right.isSkipping

function toIngest(batch: JournalBatch | undefined, { consumedBytes, states }: Progress, watch?: string): JournalIngest {
  const requests = (batch?.requests ?? []).map(({ sequence, timeMs, type, body }) => ({
    journal: batch!.journal,
    sequence,
    timeMs,
    type,
    body,
  })) as JournalRequest[]
  return {
    consumedBytes,
    ...(batch?.start && { start: batch.start }),
    ...(batch?.end && { end: batch.end }),
    artifacts: requests.flatMap(({ type, body, ...name }) => (type === 'artifact' ? [{ ...body, ...name }] : [])),
    children: requests.flatMap(({ type, body, ...name }) => (type === 'child' ? [{ ...body, ...name }] : [])),
    best: requests.flatMap(({ type, body, ...name }) => (type === 'best' ? [{ ...body, ...name }] : [])),
    commits: requests.flatMap(({ type, body, ...name }) => (type === 'commit' ? [{ ...body, ...name }] : [])),
    metrics: states.map(({ key, lastStep, lastValue }) => ({ key, step: lastStep, value: lastValue })),
    watched: watch === undefined ? [] : pointsIn(batch?.series.get(watch)),
    problems: [...(batch?.problems ?? [])],
  }
}

function pointsIn(buffer: PointBuffer | undefined): { step: number; value: number }[] {
  const points: { step: number; value: number }[] = []
  const { numbers } = buffer ?? { numbers: [] }
  for (let at = 0; at < numbers.length; at += numbersPerPoint) points.push({ step: numbers[at]!, value: numbers[at + 2]! })
  return points
}

async function readPosition(
  reader: Reader,
  run: number,
  journal: string,
): Promise<{ position: JournalPosition; start?: JournalStart; end?: JournalEnd }> {
  const row = await reader.kysely
    .selectFrom('journals')
    .selectAll()
    .where('run', '=', run)
    .where('name', '=', journal)
    .executeTakeFirst()
  if (!row) return { position: journalStart }
  return {
    position: {
      offset: row.offset,
      sequence: row.sequence,
      malformedCount: row.malformed_count,
      isSkipping: row.is_skipping === 1,
    },
    ...(row.start_info !== null && { start: JSON.parse(row.start_info) as JournalStart }),
    ...(row.end_info !== null && { end: JSON.parse(row.end_info) as JournalEnd }),
  }
}

async function storePosition(
  transaction: Transaction,
  run: number,
  batch: JournalBatch,
  position: JournalPosition,
): Promise<void> {
  // What a later part does not say again stays.
  const said = [
    ['start_info', batch.start],
    ['end_info', batch.end],
  ] as const
  const infos = said.filter(([, info]) => info !== undefined)
  await transaction.insertRows(
    'journals',
    ['run', 'name', 'offset', 'sequence', 'malformed_count', 'is_skipping', ...infos.map(([column]) => column)],
    [
      [
        run,
        batch.journal,
        position.offset,
        position.sequence,
        position.malformedCount,
        position.isSkipping ? 1 : 0,
        ...infos.map(([, info]) => JSON.stringify(info)),
      ],
    ],
    { onConflict: { replace: ['run', 'name'] } },
  )
}

async function readRequests(reader: Reader, run: number): Promise<JournalRequest[]> {
  const rows = await reader.kysely
    .selectFrom('journal_requests')
    .select(['journal', 'sequence', 'time as timeMs', 'type', 'body'])
    .where('run', '=', run)
    .orderBy('journal')
    .orderBy('sequence')
    .execute()
  return rows.map((row) => Object.assign<object, object>(row, { body: JSON.parse(row.body) as unknown }) as JournalRequest)
}

/** Whether the request was still pending. */
export async function settleRequest(
  transaction: Transaction,
  run: number,
  { journal, sequence }: { journal: string; sequence: number },
): Promise<boolean> {
  const { numDeletedRows } = await transaction.kysely
    .deleteFrom('journal_requests')
    .where('run', '=', run)
    .where('journal', '=', journal)
    .where('sequence', '=', sequence)
    .executeTakeFirst()
  return numDeletedRows > 0n
}
