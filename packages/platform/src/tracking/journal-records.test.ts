import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../database/index.ts'
import { createJournalRecords } from './journal-records.ts'
import { createMetricRecords, latestMany } from './metric-records.ts'
import { getRunNumber } from './run-number.ts'
import { type TemporaryDatabase, openTemporaryDatabase } from './testing/temporary-database.ts'
import type { JournalRecords } from './tracking.ts'

let temporary: TemporaryDatabase
let other: Database
let journals: JournalRecords
let runs = 0

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  other = await temporary.openAnother()
  journals = createJournalRecords(temporary.database)
})
afterAll(() => temporary[Symbol.asyncDispose]())

const newRun = async (): Promise<string> => {
  const id = `run-${++runs}`
  await temporary.addRuns(id)
  return id
}

const name = 'journal-1.jsonl'
const toText = (entries: readonly unknown[][], firstSequence = 1): string =>
  entries.map((entry, index) => `${JSON.stringify([firstSequence + index, 1000 + index, ...entry])}\n`).join('')
const take = (run: string, text: string, records = journals) => records.ingest(run, name, Buffer.from(text))

/** Everything a journal can leave behind. */
async function recordsOf(run: string) {
  const metrics = createMetricRecords(temporary.database)
  const series = await metrics.series(run)
  const points = await Promise.all(series.map(({ key }) => metrics.history(run, key)))
  return await temporary.database.read(async (reader) => {
    const number = await getRunNumber(reader, run)
    const rows = async (table: 'parameters' | 'labels' | 'inputs' | 'results' | 'journal_requests') =>
      (await reader.kysely.selectFrom(table).selectAll().where('run', '=', number).execute())
        .map((row) => Object.assign(row, { run: 0 }))
        // A table has no order of its own.
        .sort((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
    const document = await reader.kysely
      .selectFrom('run_documents')
      .select('problems')
      .where('run', '=', number)
      .executeTakeFirstOrThrow()
    return {
      series,
      points,
      latest: { ...(await latestMany(reader, [number])).get(number) },
      parameters: await rows('parameters'),
      labels: await rows('labels'),
      inputs: await rows('inputs'),
      results: await rows('results'),
      requests: await rows('journal_requests'),
      // Those that come up while storing follow the others of their part.
      problems: (JSON.parse(document.problems) as string[]).sort(),
    }
  })
}

const key = fc.constantFrom('loss', 'accuracy', 'größe', '__proto__', 'a"b')
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom('NaN', '-Infinity'),
)
const step = fc.integer({ min: -3, max: 9 })
const values = (value: fc.Arbitrary<unknown>) =>
  fc.array(fc.tuple(key, value), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs) as object)
const entry: fc.Arbitrary<unknown[]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('metric'), key, step, number) },
  fc.tuple(fc.constant('metrics'), step, values(number)),
  { weight: 3, arbitrary: fc.tuple(fc.constant('result'), values(fc.oneof(number, fc.constantFrom('text', true, null, [1])))) },
  fc.tuple(fc.constant('result'), values(number), fc.constant('elsewhere')),
  fc.tuple(fc.constant('param'), values(fc.constantFrom(1, 'x', { b: 1, a: 2 }))),
  fc.tuple(fc.constant('label'), values(fc.constantFrom('one', 'two'))),
  fc.tuple(fc.constant('input'), fc.record({ key, url: fc.webUrl() })),
  fc.tuple(fc.constant('artifact'), fc.record({ key, kind: fc.constant('file'), file: fc.constant('files/1'), path: key })),
  fc.tuple(fc.constant('problem'), key),
  fc.tuple(fc.constantFrom('metric', 'unheard-of', 'artifact'), fc.constant(null)),
)
const entries = fc.array(entry, { maxLength: 25 })

async function expected(text: string) {
  const run = await newRun()
  await take(run, text)
  return await recordsOf(run)
}

describe('the same records come out', () => {
  test('whatever pieces the bytes come in, with the file grown ahead of its text', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.array(fc.nat(400), { maxLength: 8 }), async (list, cuts) => {
        const text = toText(list)
        const bytes = Buffer.concat([Buffer.from(text), Buffer.alloc(20)])
        const run = await newRun()
        let offset = 0
        for (const end of [...cuts.toSorted((left, right) => left - right), bytes.length]) {
          const part = await journals.ingest(run, name, bytes.subarray(offset, Math.max(end, offset)))
          offset += part.consumedBytes
        }
        expect(offset).toBe(bytes.length - 20)
        expect(await recordsOf(run)).toEqual(await expected(text))
      }),
      { numRuns: 40 },
    )
  })

  test('however often any prefix is written again', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.array(fc.nat(25), { maxLength: 3 }), async (list, prefixes) => {
        const lines = toText(list).split('\n').slice(0, -1)
        const repeated = prefixes.flatMap((length) => lines.slice(0, length)).concat(lines)
        const run = await newRun()
        await take(
          run,
          repeated
            .slice(0, 7)
            .map((line) => `${line}\n`)
            .join(''),
        )
        const { sequence } = await journals.position(run, name)
        await take(
          run,
          repeated
            .slice(7)
            .map((line) => `${line}\n`)
            .join(''),
        )
        if (sequence > 7) throw new Error('Lines were taken twice.')
        // A prefix longer than what came before it holds new lines: all there are, in the end.
        expect(await recordsOf(run)).toEqual(await expected(toText(list)))
      }),
      { numRuns: 40 },
    )
  })

  test('with several processes taking in the same journal at once', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.array(fc.nat(400), { maxLength: 5 }), async (list, cuts) => {
        const text = `${toText(list)}garbage\n`
        const bytes = Buffer.from(text)
        const run = await newRun()
        const takeAll = async (records: JournalRecords, ends: readonly number[]) => {
          let offset = 0
          for (const end of [...ends, bytes.length]) {
            const part = await records.ingest(run, name, bytes.subarray(offset, Math.max(end, offset)), offset)
            offset += part.consumedBytes
          }
          expect(offset).toBe(bytes.length)
        }
        const sorted = cuts.toSorted((left, right) => left - right)
        await Promise.all([
          takeAll(journals, sorted),
          takeAll(createJournalRecords(other), []),
          takeAll(createJournalRecords(other), sorted),
        ])
        expect(await recordsOf(run)).toEqual(await expected(text))
      }),
      { numRuns: 25 },
    )
  })

  test('with garbage between the lines, but for the sentences about it', async () => {
    const garbage = fc.constantFrom(
      '',
      '   ',
      '{',
      '[1',
      '[]',
      'null',
      '[0,1,"metric","k",0,1]',
      '["1",1,"label",{}]',
      '[1,2,3]',
      '\u{1F4A5}',
      '[1.5,1,"param",{}]',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(entry, fc.option(garbage)), { maxLength: 20 }), async (list) => {
        const lines = toText(list.map(([each]) => each)).split('\n')
        const text = list.map(([, waste], index) => `${waste === null ? '' : `${waste}\n`}${lines[index]}\n`).join('')
        const run = await newRun()
        await take(run, text)
        const found = await recordsOf(run)
        const clean = await expected(toText(list.map(([each]) => each)))
        expect({ ...found, problems: [] }).toEqual({ ...clean, problems: [] })
        const bad = list.filter(([, waste]) => waste !== null && waste.trim() !== '').length
        expect(found.problems.filter((problem) => problem.startsWith('The line at byte'))).toHaveLength(bad)
      }),
      { numRuns: 40 },
    )
  })
})

describe('entries', () => {
  test('a number result is a point of its series, at the last step it has', async () => {
    const run = await newRun()
    await take(
      run,
      toText([
        ['result', { loss: 1 }],
        ['metric', 'loss', 5, 2],
        ['result', { loss: 3, other: 'NaN' }],
      ]),
    )
    await journals.ingest(run, name, Buffer.from(toText([['result', { loss: 4 }]], 4)))
    const { points, latest } = await recordsOf(run)
    expect(points[0]!.map((point) => [point.step, point.value])).toEqual([
      [0, 1],
      [5, 2],
      [5, 3],
      [5, 4],
    ])
    expect(latest).toEqual({ loss: 4, other: Number.NaN })
  })

  test('a number that another machine tells is a point unless the series ends with it already', async () => {
    const run = await newRun()
    await take(
      run,
      toText([
        ['metric', 'loss', 0, 2],
        ['metric', 'loss', 1, 1],
        ['result', { loss: 1, accuracy: 0.5 }, 'elsewhere'],
      ]),
    )
    await journals.ingest(run, name, Buffer.from(toText([['result', { loss: 2, accuracy: 0.5 }, 'elsewhere']], 4)))
    const { points } = await recordsOf(run)
    expect(points.map((series) => series.map((point) => [point.step, point.value]))).toEqual([
      [[0, 0.5]],
      [
        [0, 2],
        [1, 1],
        [1, 2],
      ],
    ])
  })

  test('of a result that turns from number to text and back the last word counts', async () => {
    const run = await newRun()
    await take(
      run,
      toText([
        ['result', { a: 1, b: 'text', c: 'text' }],
        ['result', { a: 'later', b: 2 }],
      ]),
    )
    expect((await recordsOf(run)).latest).toEqual({ a: 'later', b: 2, c: 'text' })
    await take(
      run,
      toText(
        [
          ['metric', 'a', 0, 7],
          ['result', { b: null }],
        ],
        3,
      ),
    )
    expect((await recordsOf(run)).latest).toEqual({ a: 7, b: null, c: 'text' })
  })

  test('a parameter keeps its first value, and another one is a problem that names both', async () => {
    const run = await newRun()
    const part = await take(
      run,
      toText([
        ['param', { eta: 0.3, tree: { a: 1, b: [2] } }],
        ['param', { eta: 0.5, tree: { b: [2], a: 1 } }],
      ]),
    )
    const sentence = "Parameter 'eta' is 0.3 already; the later value 0.5 was not recorded."
    expect(part.problems).toEqual([sentence])
    const { parameters, problems } = await recordsOf(run)
    expect(problems).toEqual([sentence])
    expect(parameters).toMatchObject([
      { key: 'eta', value: '0.3', number: 0.3 },
      { key: 'tree', number: null },
    ])
  })

  test('what is wrong with an entry is said, and the rest of it counts', async () => {
    const run = await newRun()
    const part = await take(
      run,
      toText([
        ['metrics', 1, { loss: 'high', accuracy: 0.5 }],
        ['metric', 'loss', 1.5, 1],
        ['telepathy', 1],
        ['telepathy', 2],
        ['artifact', { key: 'model' }],
      ]),
    )
    expect(part.problems).toEqual([
      "The value of metric 'loss' must be a number, not 'high'.",
      "The step of metric 'loss' must be an integer, not 1.5.",
      `The journal ${name} has entries of the type 'telepathy', which this version of Trainyard does not know; they were passed over.`,
      `Entry 5 of the journal ${name} is not a valid 'artifact' and was passed over.`,
    ])
    expect(part.metrics).toEqual([{ key: 'accuracy', step: 1, value: 0.5 }])
  })

  test('requests are returned in order and stay pending until they are settled; start and end can be asked for again', async () => {
    const run = await newRun()
    const artifact = { key: 'model', kind: 'model', file: 'files/1', path: 'model.txt' }
    const part = await take(
      run,
      toText([
        ['start', { pid: 7 }],
        ['artifact', artifact],
        ['child', { id: 'c'.repeat(32), iteration: 1, parameters: { x: 1 } }],
        ['best', { id: 'c'.repeat(32), iteration: 1 }],
        ['commit', 'done', true],
        ['end', { outcome: 'completed' }],
      ]),
    )
    expect(part).toMatchObject({
      start: { pid: 7 },
      end: { outcome: 'completed' },
      artifacts: [{ ...artifact, timeMs: 1001, journal: name, sequence: 2 }],
      children: [{ id: 'c'.repeat(32), iteration: 1, parameters: { x: 1 }, sequence: 3 }],
      best: [{ id: 'c'.repeat(32), iteration: 1, sequence: 4 }],
      commits: [{ message: 'done', completed: true, timeMs: 1004, sequence: 5 }],
      problems: [],
    })
    expect((await journals.pending(run)).map(({ sequence, type }) => [sequence, type])).toEqual([
      [2, 'artifact'],
      [3, 'child'],
      [4, 'best'],
      [5, 'commit'],
    ])
    await journals.settle(run, [
      { journal: name, sequence: 2 },
      { journal: name, sequence: 4 },
    ])
    await journals.settle(run, [{ journal: name, sequence: 2 }])
    expect((await journals.pending(run)).map(({ sequence }) => sequence)).toEqual([3, 5])
    expect(await journals.position(run, name)).toMatchObject({ sequence: 6, start: { pid: 7 }, end: { outcome: 'completed' } })
  })

  test('a line that is too long is one problem in whatever pieces it comes, and the lines after it count', async () => {
    const small = createJournalRecords(temporary.database, { largestLineBytes: 1000 })
    const long = (length: number) => `[1,1,"label",{"k":"${'x'.repeat(length - 22)}"}]\n`
    expect(long(1000).length).toBe(1001)
    const fits = await newRun()
    await take(fits, long(1000), small)
    expect((await recordsOf(fits)).labels).toHaveLength(1)

    const text = `${long(3000)}${toText([['metric', 'k', 1, 1]], 2)}`
    const whole = await newRun()
    await take(whole, text, small)
    const outcome = await recordsOf(whole)
    expect(outcome.problems).toEqual([expect.stringContaining(`The line at byte 0 of the journal ${name} is longer than`)])
    expect(outcome.series).toHaveLength(1)
    for (const cut of [500, 1001, 1500, 3000, 3001, 3002]) {
      const run = await newRun()
      const first = await take(run, text.slice(0, cut), small)
      await take(run, text.slice(first.consumedBytes, first.consumedBytes + 1200), small)
      const { offset } = await journals.position(run, name)
      await take(run, text.slice(offset), createJournalRecords(temporary.database, { largestLineBytes: 1000 }))
      expect({ cut, ...(await recordsOf(run)) }).toEqual({ cut, ...outcome })
    }
  })

  test('names and values that cannot be stored are problems, once each', async () => {
    const run = await newRun()
    const long = 'x'.repeat(10_000)
    const metrics = [
      ['metric', '', 1, 1],
      ['metric', '', 2, 1],
      ['metric', long, 1, 1],
      ['metric', 'half \ud800', 1, 1],
      ['metrics', 1, { '': 2 }],
    ]
    const others = [
      ['param', { [long]: 1 }],
      ['result', { big: 'x'.repeat(2 << 20), [long]: 7 }],
      ['label', { '\0': 'x' }],
    ]
    const part = await take(run, toText([...metrics, ...others, ['metric', 'good', 1, 1]]))
    expect(part.problems).toHaveLength(6)
    expect(await recordsOf(run)).toMatchObject({ latest: { good: 1 }, parameters: [], labels: [], results: [] })
  })

  test('a thousand malformed lines make a few sentences', async () => {
    const run = await newRun()
    const part = await take(run, 'garbage\n'.repeat(1000))
    expect(part.problems).toHaveLength(21)
    await take(run, 'garbage\n'.repeat(1000))
    expect((await recordsOf(run)).problems).toHaveLength(21)
  })

  test('bytes beyond the position are refused, a run that is not there too', async () => {
    const run = await newRun()
    await expect(journals.ingest(run, name, Buffer.from('x\n'), 5)).rejects.toMatchObject({ code: 'failed_precondition' })
    await expect(journals.ingest('nobody', name, Buffer.from('x\n'))).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('every point of a watched metric is told, in order, and none of the others', async () => {
  const run = await newRun()
  const text = toText([
    ['metric', 'loss', 0, 3],
    ['metric', 'other', 0, 9],
    ['metrics', 1, { loss: 2, other: 8 }],
    ['metric', 'loss', 1, 'NaN'],
    ['result', { loss: 1 }],
  ])
  const { watched } = await journals.ingest(run, name, Buffer.from(text), 0, 'loss')
  expect(watched).toEqual([
    { step: 0, value: 3 },
    { step: 1, value: 2 },
    { step: 1, value: Number.NaN },
    { step: 1, value: 1 },
  ])
  expect((await journals.ingest(run, name, Buffer.from(text), 0, 'loss')).watched).toEqual([])
})
