import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createSecretBox } from '../base/secret-box.ts'
import { openDatabase } from '../database/index.ts'
import { createTestPlace } from '../database/testing/test-place.ts'
import { createProjectSecrets, secretVariables } from './index.ts'

const keys = mkdtempSync(join(tmpdir(), 'trainyard-secrets-'))

async function open(key = 'one.key') {
  const place = await createTestPlace()
  const database = await openDatabase(place.place)
  return {
    database,
    secrets: createProjectSecrets(database, { box: createSecretBox(join(keys, key)), clock: systemClock }),
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await place.remove()
    },
  }
}

test('secrets are set, replaced, listed by name and removed, each project its own', async () => {
  await using opened = await open()
  const { secrets } = opened
  await secrets.set('a', { KEY: 'one', OTHER: 'two' })
  await secrets.set('b', { KEY: 'of b' })
  await secrets.set('a', { KEY: 'three' })
  expect(await secrets.open('a')).toEqual({ KEY: 'three', OTHER: 'two' })
  expect((await secrets.list('a')).map(({ name }) => name)).toEqual(['KEY', 'OTHER'])
  expect(await secrets.remove('a', ['KEY', 'never there'])).toEqual(['KEY'])
  expect(await secrets.open('a')).toEqual({ OTHER: 'two' })
  expect(await secrets.remove('a')).toEqual(['OTHER'])
  expect(await secrets.open('b')).toEqual({ KEY: 'of b' })
  expect(await secrets.list('unknown')).toEqual([])
})

test('any text comes back as it was, and none of it lies readable in the database', async () => {
  await using opened = await open()
  const { secrets, database } = opened
  const text = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((each) => !each.includes('\0') && each.isWellFormed())
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      await secrets.set('p', { ODD: value })
      expect(await secrets.open('p')).toEqual({ ODD: value })
    }),
    { numRuns: 30 },
  )
  await secrets.set('p', { PLAIN: 'correct-horse' })
  const rows = await database.read(({ kysely }) => kysely.selectFrom('project_secrets').select('value').execute())
  expect(JSON.stringify(rows)).not.toContain('correct-horse')
})

test('what no variable can carry is refused without being repeated, and nothing of the batch is stored', async () => {
  await using opened = await open()
  const { secrets } = opened
  await expect(secrets.set('p', { FINE: 'x', BAD: 'tell\0nobody' })).rejects.toThrow(/^(?!.*tell).*BAD holds bytes/s)
  await expect(secrets.set('p', { BAD: '\ud800' })).rejects.toThrow('encode it')
  await expect(secrets.set('p', { 'a=b': 'x' })).rejects.toThrow('cannot be the name of a secret')
  await expect(secrets.set('p', { 'mlrun.token': 'x' })).rejects.toMatchObject({ code: 'permission_denied' })
  await expect(secrets.set('p', { BIG: 'x'.repeat(2_000_000) })).rejects.toThrow('1 MiB')
  expect(await secrets.list('p')).toEqual([])
})

test('with another key they cannot be read, and it says so', async () => {
  await using opened = await open()
  await opened.secrets.set('p', { KEY: 'x' })
  const other = createProjectSecrets(opened.database, { box: createSecretBox(join(keys, 'two.key')), clock: systemClock })
  await expect(other.open('p')).rejects.toMatchObject({ code: 'storage' })
})

test('MLRun’s client finds them under its own names', () => {
  expect(secretVariables({ 'my-key': 'x' })).toEqual({ 'MLRUN_K8S_SECRET__my-key': 'x' })
})
