import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { fromWireNumber } from '@trainyard/contract/json'
import { afterAll, describe, expect, it } from 'vitest'
import { Context } from '../context/context.ts'
import type { RunPlace } from '../context/place.ts'
import { Recorder } from '../context/recorder.ts'
import { entriesOf, parseJournal, readJournal } from '../testing/read-journal.ts'
import { removeTemporaryFolders, temporaryFolder } from '../testing/start-job.ts'
import { JournalWriter } from './journal-writer.ts'

afterAll(removeTemporaryFolders)

const placeIn = (runDirectory: string): RunPlace => ({
  role: 'supervised',
  id: '0'.repeat(32),
  name: 'test',
  project: 'default',
  experiment: '',
  iteration: 0,
  attempt: 1,
  labels: {},
  parameters: {},
  inputs: {},
  secrets: {},
  outPath: '/nowhere/out',
  runDirectory,
})

const key = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.constantFrom('__proto__', 'toString', '\ud800', '💥"\n', 'a/b'),
)
const call = fc.oneof(
  fc.record({ type: fc.constant('metric' as const), key, value: fc.double(), step: fc.option(fc.integer(), { nil: undefined }) }),
  fc.record({ type: fc.constant('result' as const), key, value: fc.jsonValue() }),
  fc.record({ type: fc.constant('label' as const), key, value: fc.string({ unit: 'binary' }) }),
)

describe('the journal', () => {
  it('of any calls parses back to what was logged, in order', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 30 }), (calls) => {
        const runDirectory = temporaryFolder()
        const context = new Context(placeIn(runDirectory), new Recorder(runDirectory), {})
        for (const { type, key: name, value, ...rest } of calls) {
          if (type === 'metric')
            context.logMetric(name, value, 'step' in rest && rest.step !== undefined ? { step: rest.step } : {})
          else if (type === 'result') context.logResult(name, value)
          else context.setLabel(name, value)
        }
        context.end('completed')
        const journal = readJournal(runDirectory)
        const told = journal.slice(0, -1).map((entry): unknown[] => {
          if (entry[2] === 'metric') return ['metric', entry[3], fromWireNumber(entry[5])]
          return [entry[2]].concat(Object.entries(entry[3] as object)[0]!)
        })
        const expected = calls.map(({ type, key: name, value }) => {
          const kept =
            typeof value === 'number' && Object.is(value, -0) ? 0 : typeof value === 'string' ? value.toWellFormed() : value
          return [type, name.toWellFormed(), kept]
        })
        expect(JSON.stringify(told)).toBe(JSON.stringify(expected))
      }),
      { numRuns: 60 },
    )
  })

  it('numbers the steps of each metric by itself, going on after a step that was given', () => {
    const runDirectory = temporaryFolder()
    const recorder = new Recorder(runDirectory)
    recorder.metric('a', 1, undefined, undefined)
    recorder.metric('a', 1, 10, undefined)
    recorder.metric('b', 1, undefined, undefined)
    recorder.metric('a', 1, undefined, 1234.9)
    recorder.metric('a', 1, 0.5, undefined)
    const points = entriesOf(readJournal(runDirectory), 'metric')
    expect(points.map((entry) => [entry[3], entry[4]])).toEqual([
      ['a', 0],
      ['a', 10],
      ['b', 0],
      ['a', 11],
      ['a', 12],
    ])
    expect(points[3]?.[1]).toBe(1234)
  })

  it('never throws for bad values: each becomes a problem, said once', () => {
    const runDirectory = temporaryFolder()
    const context = new Context(placeIn(runDirectory), new Recorder(runDirectory), {})
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const broken = {
      item: () => {
        throw new Error('disposed')
      },
    }
    for (const value of ['0.5', undefined, null, {}, [1, 2], Symbol('x'), broken, () => 1]) context.logMetric('m', value)
    context.logMetric('m', 'again')
    context.logMetric('m', 'again')
    context.logMetric('', 1)
    context.logResult('cycle', cycle)
    context.logResult('function', () => 1)
    context.logArtifact('missing', { localPath: '/nowhere/file' })
    context.logArtifact('up', { body: 'x', path: '../../escape' })
    context.logDataset('ragged', { a: [1], b: [1, 2] })
    const journal = readJournal(runDirectory)
    expect(new Set(journal.map((entry) => entry[2]))).toEqual(new Set(['problem']))
    const told = entriesOf(journal, 'problem').map((entry) => entry[3])
    expect(told).toHaveLength(14)
    expect(told).toContain(`Metric 'm': "0.5" is not a number.`)
    expect(told.at(-1)).toBe(`The data set 'ragged' could not be logged: column 'b' has 2 values, the others have 1.`)
  })

  it('takes booleans, big integers, boxed numbers, one-value arrays and tensors as numbers', () => {
    const runDirectory = temporaryFolder()
    const recorder = new Recorder(runDirectory)
    const tensor = { size: 1, dataSync: () => new Float32Array([0.5]) }
    // oxlint-disable-next-line no-new-wrappers, unicorn/new-for-builtins
    for (const value of [true, 7n, new Number(2), new Float64Array([4]), tensor, { item: () => 9 }])
      recorder.metric('m', value, 0, 0)
    expect(entriesOf(readJournal(runDirectory), 'metric').map((entry) => entry[5])).toEqual([1, 7, 2, 4, 0.5, 9])
  })

  it('that cannot be written keeps entries in memory and says so once', () => {
    const told: string[] = []
    const writer = new JournalWriter(temporaryFolder(), 'closed', (sentence) => told.push(sentence))
    writer.append(['problem', 'fine'])
    writer.close()
    for (let index = 0; index < 100_000; index++) writer.append(['problem', 'x'.repeat(100)])
    expect(told).toHaveLength(1)
    expect(writer.droppedCount).toBeGreaterThan(0)
    expect(parseJournal(readFileSync(writer.path, 'utf8'))).toHaveLength(1)
  })

  it('whose folder cannot be made does not stop a training', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const recorder = new Recorder(join(file, 'runs'))
    recorder.metric('m', 1, undefined, undefined)
    recorder.end('completed')
    expect(recorder.ended).toBe(true)
  })
})
