import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeToFunction, type FunctionPlace, importFunction, newFunction } from './function.ts'

const program = fileURLToPath(new URL('../../../platform/bin/trainyard.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'trainyard-function-'))
const place: FunctionPlace = { workingDirectory: folder, dataDirectory: join(folder, 'data'), project: 'p' }
const before = process.env['TRAINYARD_CLI']
beforeAll(() => {
  process.env['TRAINYARD_CLI'] = JSON.stringify([process.execPath, program])
  writeFileSync(join(folder, 'train.py'), 'def train(context, rate=1):\n    context.log_result("score", rate * 2)\n')
})
afterAll(() => {
  if (before === undefined) delete process.env['TRAINYARD_CLI']
  else process.env['TRAINYARD_CLI'] = before
  rmSync(folder, { recursive: true })
})

test('a function is made from code, changed, kept, run, written and taken in again', async () => {
  const train = await codeToFunction('train.py:train', {}, place)
  expect(train.entryPoints['train']).toMatchObject({ parameters: [{ name: 'context' }, { name: 'rate', default: 1 }] })
  const first = await train.save()
  train.withLimits({ cpu: 2 }).withParameters({ rate: 3 }).withEnvironment({ A: 'b' })
  expect(await train.save({ tags: ['v2'] })).not.toBe(first)
  const run = await train.run({ parameters: { rate: 4 } }, { watch: false })
  expect([run.state, run.results['score'], run.record.labels['function']]).toEqual(['completed', 8, train.reference])
  await train.export('out/function.yaml')
  expect(readFileSync(join(folder, 'out/function.yaml'), 'utf8')).toContain('default_handler: train')
  expect((await importFunction('out/function.yaml', place)).toJSON()).toEqual(train.toJSON())
  expect((await importFunction('db://p/train:v2', place)).toJSON()).toEqual(train.toJSON())
})

test('what is wrong is an error with the sentence of the command', async () => {
  await expect(newFunction({ name: 'f' }, place).save()).rejects.toThrow('has no code')
  await expect(importFunction('db://p/none', place)).rejects.toMatchObject({ code: 'not_found' })
})
