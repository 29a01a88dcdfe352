import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { JournalArtifact } from '@trainyard/contract'
import { entriesOf, readJournal } from '../testing/read-journal.ts'
import { removeTemporaryFolders, temporaryFolder } from '../testing/start-job.ts'
import { Context } from './context.ts'
import { DataItem } from './data-item.ts'
import { Recorder } from './recorder.ts'

afterAll(removeTemporaryFolders)

function makeContext(): {
  context: Context<{ eta?: number }>
  folder: string
  artifacts: () => (JournalArtifact & { text: string })[]
} {
  const folder = temporaryFolder()
  const runDirectory = join(folder, 'runs', 'run')
  const place = {
    role: 'supervised' as const,
    id: 'run',
    name: 'test',
    project: 'default',
    experiment: '',
    iteration: 0,
    attempt: 1,
    labels: { team: 'a' },
    parameters: { eta: 0.1 },
    inputs: { rows: { url: 's3://bucket/rows.csv', path: join(folder, 'rows.csv') } },
    secrets: { KEY: 'value' },
    outPath: join(folder, 'out'),
    runDirectory,
  }
  writeFileSync(join(folder, 'rows.csv'), '\ufeffa\n1\n')
  const context = new Context(place, new Recorder(runDirectory), { eta: 0.1 })
  const artifacts = () =>
    entriesOf(readJournal(runDirectory), 'artifact').map(([, , , artifact]) => {
      const path = artifact.file === undefined ? undefined : join(runDirectory, artifact.file)
      const text =
        path === undefined || artifact.kind === 'directory' || artifact.kind === 'model' ? '' : readFileSync(path, 'utf8')
      return Object.assign(artifact, { text })
    })
  return { context, folder, artifacts }
}

describe('a context', () => {
  it('gives parameters, recording defaults that were used; secrets and labels', () => {
    const { context } = makeContext()
    expect([context.getParameter('eta'), context.getParameter('depth', 3), context.getParameter('depth', 4)]).toEqual([0.1, 3, 3])
    expect([context.getSecret('KEY'), context.getSecret('toString')]).toEqual(['value', undefined])
    context.setLabels({ team: 'b', kind: 'x' })
    expect(context.labels).toEqual({ team: 'b', kind: 'x' })
    expect(context.artifactSubpath('plots', 'a.html')).toBe(`${context.outPath}/plots/a.html`)
  })

  it('reads declared inputs from where they were staged, others from their path or address', async () => {
    const { context, folder } = makeContext()
    expect(await context.getInput('rows').text()).toBe('a\n1\n')
    writeFileSync(join(folder, 'x.json'), '{"a":[1]}')
    expect(await context.getInput('x', `file://${join(folder, 'x.json')}`).json()).toEqual({ a: [1] })
    await expect(context.getInput('none', join(folder, 'none')).get()).rejects.toThrow(
      `Input 'none': there is no file ${join(folder, 'none')}.`,
    )
    await expect(context.getInput('b', 's3://bucket/b').get()).rejects.toThrow('has not been staged')
  })

  it('downloads remote inputs, and tells about addresses that do not answer', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/data/a%20b.txt' ? 200 : 404
      response.end('bytes')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const item = (path: string) => new DataItem({ key: 'k', url: `${address}${path}`, downloads: temporaryFolder() })
    const local = await item('/data/a%20b.txt').local()
    expect([local.endsWith('a b.txt'), readFileSync(local, 'utf8')]).toEqual([true, 'bytes'])
    await expect(item('/gone').get()).rejects.toMatchObject({ code: 'not_found' })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(item('/data').get()).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('keeps text, bytes, pieces and values under the names the Python side gives them', () => {
    const { context, artifacts } = makeContext()
    context.logArtifact('note', { body: 'text' })
    context.logArtifact('model', {
      body: new Uint8Array([65, 66]),
      localPath: 'models/model.bin',
      tag: 'best',
      labels: { a: 'b' },
    })
    context.logArtifact('settings', { body: { a: [Number.NaN] } })
    context.logArtifact('pieces', {
      body: (function* () {
        yield 'a'
        yield 'b'
      })(),
      path: 'sub/',
    })
    context.logHtml('page', '<b>x</b>')
    context.logChart('loss curve', {
      header: ['step', 'loss'],
      rows: [
        [1, 0.5],
        [2, 0.25],
      ],
    })
    context.logTable('table', [{ a: 1 }])
    expect(artifacts().map(({ key, kind, path, format }) => [key, kind, path, format])).toEqual([
      ['note', 'file', 'note.txt', 'txt'],
      ['model', 'file', 'models/model.bin', 'bin'],
      ['settings', 'object', 'settings.json', 'json'],
      ['pieces', 'file', 'sub/pieces', undefined],
      ['page', 'html', 'page.html', 'html'],
      ['loss curve', 'chart', 'loss curve.html', 'html'],
      ['table', 'table', 'table.csv', 'csv'],
    ])
    const [note, model, settings, pieces, , chart] = artifacts()
    expect([note?.text, model?.text, model?.tag, settings?.text, pieces?.text]).toEqual([
      'text',
      'AB',
      'best',
      '{\n "a": [\n  "NaN"\n ]\n}\n',
      'ab',
    ])
    expect(chart?.metadata).toEqual({
      header: ['step', 'loss'],
      rows: [
        [1, 0.5],
        [2, 0.25],
      ],
      length: 2,
      chart: 'line',
    })
    expect(chart?.text).toContain('<polyline')
  })

  it('copies files and folders as they are when logged, and refers to what lies under the out path already', () => {
    const { context, folder, artifacts } = makeContext()
    const data = join(folder, 'data')
    mkdirSync(join(data, 'inner'), { recursive: true })
    mkdirSync(context.outPath)
    writeFileSync(join(data, 'inner', 'a.txt'), 'before')
    writeFileSync(join(context.outPath, 'kept.bin'), 'kept')
    symlinkSync(data, join(data, 'loop'))
    context.logArtifact('file', { localPath: join(data, 'inner', 'a.txt') })
    context.logArtifact('folder', { localPath: data })
    context.logArtifact('kept', { localPath: 'kept.bin' })
    context.logArtifact('remote', { localPath: 'https://example.org/data/x.csv?version=2' })
    writeFileSync(join(data, 'inner', 'a.txt'), 'after')
    const [file, copied, kept, remote] = artifacts()
    expect([file?.text, file?.path]).toEqual(['before', 'a.txt'])
    expect(copied?.kind).toBe('directory')
    expect(readFileSync(join(folder, 'runs', 'run', copied!.file!, 'inner', 'a.txt'), 'utf8')).toBe('before')
    expect([kept?.url, kept?.path]).toEqual([join(context.outPath, 'kept.bin'), 'kept.bin'])
    expect([remote?.url, remote?.path, remote?.format]).toEqual(['https://example.org/data/x.csv?version=2', 'x.csv', 'csv'])
  })

  it('keeps data sets with schema, preview and statistics', () => {
    const { context, artifacts } = makeContext()
    context.logDataset('iris', { x: [1, 2, 3], name: ['a', 'b', 'b'] }, { preview: 2, labelColumn: 'name' })
    context.logDataset('plain.jsonl', [{ a: 1 }, { a: null }], { stats: false })
    const [iris, plain] = artifacts()
    expect(iris).toMatchObject({ kind: 'dataset', path: 'iris.csv', format: 'csv', text: 'x,name\n1,a\n2,b\n3,b\n' })
    expect(iris?.metadata).toMatchObject({
      header: ['x', 'name'],
      schema: [
        { name: 'x', type: 'int' },
        { name: 'name', type: 'str' },
      ],
      length: 3,
      preview: [
        [1, 'a'],
        [2, 'b'],
      ],
      labelColumn: 'name',
      stats: [
        { name: 'x', mean: 2 },
        { name: 'name', top: 'b' },
      ],
    })
    expect(plain).toMatchObject({ path: 'plain.jsonl', format: 'jsonl', text: '{"a":1}\n{"a":null}\n' })
    expect(plain?.metadata).not.toHaveProperty('stats')
  })

  it('keeps models as a folder with a description', () => {
    const { context, folder, artifacts } = makeContext()
    context.logModel('model', {
      body: { weights: [1, 2] },
      framework: 'own',
      metrics: { accuracy: 0.9 },
      trainingSet: { x: [1, 2], y: ['a', 'b'] },
      labelColumn: 'y',
      extraData: { notes: { a: 1 }, report: join(folder, 'rows.csv') },
    })
    const [model] = artifacts()
    const path = join(folder, 'runs', 'run', model!.file!)
    expect(model).toMatchObject({ kind: 'model', path: 'model', labels: { framework: 'own' } })
    expect(JSON.parse(readFileSync(join(path, 'model.json'), 'utf8'))).toMatchObject({
      key: 'model',
      framework: 'own',
      metrics: { accuracy: 0.9 },
      inputs: [{ name: 'x', type: 'int' }],
      outputs: [{ name: 'y', type: 'str' }],
      modelFile: 'model.json',
    })
    expect(readFileSync(join(path, 'extra', 'rows.csv'), 'utf8')).toContain('a\n1')
  })

  it('makes children that end with commit, using, or their parent', () => {
    const { context, folder } = makeContext()
    const first = context.createChild({ depth: 1 })
    first.commit('done')
    {
      using second = context.createChild({ depth: 2 })
      second.logResult('a', 1)
      second.markAsBest()
    }
    const third = context.createChild({ depth: 3 })
    context.end('failed', new Error('x'))
    const ends = [first, { uid: entriesOf(readJournal(join(folder, 'runs', 'run')), 'best')[0]![3].id }, third].map(
      ({ uid }) => entriesOf(readJournal(join(folder, 'runs', uid)), 'end')[0]?.[3].outcome,
    )
    expect(ends).toEqual(['completed', 'completed', 'aborted'])
    expect(third.outPath).toBe(`${context.outPath}/3`)
  })
})
