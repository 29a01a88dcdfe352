import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMemoryStore } from '../objects/index.ts'
import { createTracking } from './create-tracking.ts'
import { readLines } from './log-lines.ts'
import { decodeMarks, encodeMarks } from './log-marks.ts'
import { createLogRecords, logObjectsOf } from './log-records.ts'
import { getRunNumber } from './run-number.ts'
import { type TemporaryDatabase, openTemporaryDatabase } from './testing/temporary-database.ts'
import type { LogChunk, LogRecords } from './tracking.ts'

const objects = createMemoryStore()
const sizes = { row: 64, open: 16, object: 200, database: 400 }
let temporary: TemporaryDatabase
let logs: LogRecords
let runs = 0

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  logs = createLogRecords(temporary.database, { objects, sizes })
})
afterAll(() => temporary[Symbol.asyncDispose]())

const newRun = async (): Promise<string> => {
  const id = `run-${++runs}`
  await temporary.addRuns(id)
  return id
}
const collect = async (chunks: AsyncIterable<LogChunk>): Promise<LogChunk[]> => {
  const all: LogChunk[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}
const bytesOf = (chunks: readonly LogChunk[]) => Buffer.concat(chunks.map((chunk) => chunk.bytes))
/** The time of every byte. */
const timesOf = (chunks: readonly LogChunk[]) => chunks.flatMap((chunk) => Array.from(chunk.bytes, () => chunk.timeMs))

const piece = fc.record({
  bytes: fc.uint8Array({ minLength: 1, maxLength: 150, size: 'max' }),
  timeMs: fc.integer({ min: -5, max: 2 ** 41 }),
})
const toChunks = (pieces: readonly { bytes: Uint8Array; timeMs: number }[]): LogChunk[] => {
  let offset = 0
  return pieces.map(({ bytes, timeMs }) => {
    offset += bytes.length
    return { offset: offset - bytes.length, timeMs, bytes }
  })
}
const objectsOf = (run: string) =>
  temporary.database.read(async (reader) => logObjectsOf(reader, [await getRunNumber(reader, run)]))

describe('logs', () => {
  test('bytes and times come back as they were, in whatever groups they were appended, and from any range', async () => {
    let withObjects = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(piece, { maxLength: 4 }), { maxLength: 8 }),
        fc.nat(1500),
        fc.nat(1500),
        async (groups, offset, limitBytes) => {
          const run = await newRun()
          const chunks = toChunks(groups.flat())
          let at = 0
          for (const group of groups) {
            await logs.append(run, chunks.slice(at, at + group.length))
            at += group.length
          }
          const all = await collect(logs.read(run))
          expect(bytesOf(all)).toEqual(bytesOf(chunks))
          expect(timesOf(all)).toEqual(timesOf(chunks))
          expect(await logs.sizeBytes(run)).toBe(bytesOf(chunks).length)
          const part = await collect(logs.read(run, { offset, limitBytes }))
          expect(bytesOf(part)).toEqual(bytesOf(chunks).subarray(offset, offset + limitBytes))
          expect(timesOf(part)).toEqual(timesOf(chunks).slice(offset, offset + limitBytes))
          if ((await objectsOf(run)).length > 0) withObjects++
        },
      ),
      { numRuns: 60 },
    )
    expect(withObjects).toBeGreaterThan(0)
  })

  test('a repeat or an overlap changes nothing, a gap is refused', async () => {
    const run = await newRun()
    const append = (offset: number, text: string) => logs.append(run, [{ offset, timeMs: 1, bytes: Buffer.from(text) }])
    await append(0, 'hello ')
    await append(0, 'hello ')
    await append(3, 'lo world')
    await append(2, 'llo')
    expect(bytesOf(await collect(logs.read(run))).toString()).toBe('hello world')
    await expect(append(12, 'x')).rejects.toMatchObject({ code: 'failed_precondition' })
    expect(await logs.sizeBytes(run)).toBe(11)
    expect(await collect(logs.read(run, { offset: 11 }))).toEqual([])
  })

  test('two processes appending the same output make one log', async () => {
    const run = await newRun()
    const other = createLogRecords(await temporary.openAnother(), { objects, sizes })
    const chunks = toChunks(
      Array.from({ length: 30 }, (_, index) => ({ bytes: Buffer.from(`line ${index}\n`.repeat(5)), timeMs: index })),
    )
    const appendAll = async (records: LogRecords) => {
      for (const chunk of chunks) await records.append(run, [chunk])
    }
    await Promise.all([appendAll(logs), appendAll(other)])
    const all = await collect(logs.read(run))
    expect(bytesOf(all)).toEqual(bytesOf(chunks))
    expect(timesOf(all)).toEqual(timesOf(chunks))
    expect((await objectsOf(run)).length).toBeGreaterThan(0)
  })

  test('many small appends make few rows, and much output little of them', async () => {
    const run = await newRun()
    const plain = createLogRecords(temporary.database)
    for (let index = 0; index < 200; index++)
      await plain.append(run, [{ offset: index * 10, timeMs: index, bytes: Buffer.from('123456789\n') }])
    const count = (id: string) =>
      temporary.database.read(async ({ kysely }) => {
        const rows = await kysely
          .selectFrom('log_chunks')
          .innerJoin('runs', 'runs.number', 'log_chunks.run')
          .select(['size', 'encoding'])
          .where('runs.id', '=', id)
          .orderBy('offset')
          .execute()
        return rows
      })
    expect(await count(run)).toHaveLength(1)
    const large = await newRun()
    const withObjects = createLogRecords(temporary.database, { objects })
    const bytes = Buffer.alloc(1 << 20, 'The quick brown fox jumps over the lazy dog.\n')
    for (let index = 0; index < 10; index++) await withObjects.append(large, [{ offset: index << 20, timeMs: index, bytes }])
    const rows = await count(large)
    expect(rows.filter((row) => row.encoding.endsWith('-object')).map((row) => row.size)).toEqual([4 << 20])
    expect(await objectsOf(large)).toHaveLength(1)
    const middle = await collect(withObjects.read(large, { offset: (4 << 20) - 5, limitBytes: 10 }))
    expect(bytesOf(middle)).toEqual(Buffer.concat([bytes.subarray(-5), bytes.subarray(0, 5)]))
    await expect(collect(plain.read(large))).rejects.toMatchObject({ code: 'failed_precondition' })
  })

  test('marks come back, also when the clock went back', () => {
    const marks = fc.array(fc.tuple(fc.nat(10_000_000), fc.integer({ min: 0, max: 2 ** 45 })), { minLength: 1 })
    fc.assert(
      fc.property(marks, (steps) => {
        let at = 0
        const list = steps.map(([size, timeMs], index) => ({ at: (at += index === 0 ? 0 : size), timeMs }))
        expect(decodeMarks(list[0]!.timeMs, encodeMarks(list))).toEqual(list)
      }),
    )
  })
})

describe('lines', () => {
  const linesOf = async (chunks: LogChunk[]) => {
    const lines = []
    // oxlint-disable-next-line typescript/await-thenable -- A list of chunks stands in for a stored log.
    for await (const line of readLines(chunks as unknown as AsyncIterable<LogChunk>)) lines.push(line)
    return lines
  }

  test('are put together across chunks, with the place and time of their first byte', async () => {
    const chunks = toChunks([
      { bytes: Buffer.from('one\ntw'), timeMs: 1 },
      { bytes: Buffer.from('o\n\nlast'), timeMs: 2 },
    ])
    expect(await linesOf(chunks)).toEqual([
      { offset: 0, timeMs: 1, text: 'one', isComplete: true },
      { offset: 4, timeMs: 1, text: 'two', isComplete: true },
      { offset: 8, timeMs: 2, text: '', isComplete: true },
      { offset: 9, timeMs: 2, text: 'last', isComplete: false },
    ])
  })

  test('longer than a megabyte come in parts that cut no letter, and foreign bytes are shown, not refused', async () => {
    const text = 'ü'.repeat(1_500_000)
    const chunks = toChunks([
      { bytes: Buffer.from(`x${text}\n`), timeMs: 1 },
      { bytes: Buffer.from([0xff, 0x41, 10]), timeMs: 2 },
    ])
    const lines = await linesOf(chunks)
    expect(
      lines
        .slice(0, -1)
        .map((line) => line.text)
        .join(''),
    ).toBe(`x${text}`)
    expect(lines.map((line) => line.isComplete)).toEqual([false, false, true, true])
    expect(lines.at(-1)!.text).toBe('\uFFFDA')
  })
})

test('a purge names the objects that hold output of the run', async () => {
  const tracking = createTracking(temporary.database, { objects })
  const run = (++runs).toString(16).padStart(32, '0')
  const base = { name: 'run', project: 'p', experiment: 'e', kind: 'run', owner: 'o', host: 'h', outPath: '/out' } as const
  await tracking.runs.create({ ...base, id: run, state: 'completed' })
  await tracking.logs.append(run, [{ offset: 0, timeMs: 1, bytes: Buffer.alloc(9 << 20, 'text ') }])
  await tracking.artifacts.add({
    key: 'a',
    kind: 'file',
    runId: run,
    project: 'p',
    iteration: 0,
    target: '/out/a',
    createdAtMs: 1,
  })
  const [key] = await objectsOf(run)
  await tracking.runs.trash([run], 5)
  expect(await tracking.runs.purge([run])).toEqual({ targets: ['/out/a', objects.urlOf(key!)] })
})
