import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkVersionSource } from './version-source.ts'

const folder = mkdtempSync(join(tmpdir(), 'trainyard-source-'))
const run = join(folder, 'run')
mkdirSync(join(run, 'model'), { recursive: true })
mkdirSync(join(folder, 'run-other'))
symlinkSync(folder, join(run, 'out'))
symlinkSync(join(run, 'loop'), join(run, 'loop'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('sources a client may name', () => {
  test.each([
    'dummy-source',
    'runs:/0123/model',
    'models:/m-0123',
    'models:/a%20b/1',
    's3://bucket//x/y',
    's3://bucket/a b/model',
    'mlflow-artifacts:/0/0123/artifacts/model/',
    'mlflow-artifacts://host/0/0123/artifacts/m%20x',
    'https://example.org/model.tar.gz?version=1..2',
    'gs://bucket',
    run,
    join(run, 'model'),
    join(run, 'not there yet', 'x'),
    `file://${run}/model`,
    `file:${run}/model%20x`,
  ])('%s', async (source) => {
    await expect(checkVersionSource(source, { localFolders: [run] })).resolves.toBeUndefined()
  })
})

describe('sources a client may not name', () => {
  test.each([
    '/etc/passwd',
    'model',
    './model',
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    'file:/etc/passwd',
    'file://localhost/etc/passwd',
    'file:etc/passwd',
    'file%3A///etc/passwd',
    'file%253A///etc/passwd',
    ' file:///etc/passwd',
    'local-file:///etc/passwd',
    'C:\\secrets',
    'c:/secrets',
    '\\\\host\\share',
    '//host/share',
    folder,
    `${run}-other`,
    `${run}/../secret`,
    `${run}/%2e%2e/secret`,
    `${run}/%252e%252e/secret`,
    `${run}/out`,
    `${run}/${'x'.repeat(300)}`,
    `${run}/loop/x`,
    `${run}/out/secret`,
    `file://${run}/..%2fsecret`,
    `file://${run}#/../x`,
    `file://${run};x`,
    `file://${run}?x=1`,
    's3://bucket/../x',
    's3://bucket/a/%2e%2e/x',
    's3://bucket/a/%252e%252e%252fx',
    's3://bucket/./x',
    's3://bucket/a\\..\\x',
    'https://example.org/x?path=/a/../b',
    'https://example.org/x?path=a%2F..%2Fb',
    'https://example.org/x#/../b',
    'mlflow-artifacts:../x',
    'runs:/0123/../x',
    's3://bucket/a\0b',
    's3://bucket/a%00b',
    's3://bucket/a\nb',
  ])('%j', async (source) => {
    await expect(checkVersionSource(source, { localFolders: [run] })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('Invalid model version source'),
    })
  })

  test('a local path without any folder to lie in', async () => {
    await expect(checkVersionSource(run, { localFolders: [] })).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
