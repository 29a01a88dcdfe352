import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newRunId } from '@trainyard/contract'
import { createTracking } from '../tracking/index.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from '../tracking/testing/temporary-database.ts'
import { tailOffset } from './log-tail.ts'

let temporary: TemporaryDatabase
beforeAll(async () => {
  temporary = await openTemporaryDatabase()
})
afterAll(() => temporary[Symbol.asyncDispose]())

test('the last lines of any output begin where counting from its end says, also over many blocks', async () => {
  const tracking = createTracking(temporary.database)
  const line = fc.oneof(
    fc.constant(''),
    fc.string({ maxLength: 20 }),
    fc.integer({ min: 1, max: 90_000 }).map((length) => 'x'.repeat(length)),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 8 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 10 }),
      async (lines, endsOpen, wanted) => {
        const id = newRunId(1000)
        const base = {
          name: 'n',
          project: 'default',
          experiment: 'e',
          kind: 'run',
          state: 'created',
          owner: 'a',
          host: 'h',
          outPath: '/o',
        } as const
        await tracking.runs.create({ id, ...base })
        const texts = lines
          .map((text, index) => text.replaceAll('\n', ' ') + (endsOpen && index === lines.length - 1 ? '' : '\n'))
          .filter((text) => text !== '')
        const bytes = Buffer.from(texts.join(''))
        if (bytes.length > 0) await tracking.logs.append(id, [{ offset: 0, timeMs: 0, bytes }])
        const offset = await tailOffset(tracking.logs, id, wanted)
        expect(bytes.subarray(offset).toString()).toBe(texts.slice(-wanted).join(''))
      },
    ),
    { numRuns: 40 },
  )
})
