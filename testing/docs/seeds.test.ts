import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ArtifactRecord, JsonValue, RunRecord } from '@trainyard/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'

type Told = RunRecord & { artifacts: ArtifactRecord[] }

const folder = fileURLToPath(new URL('../../examples/seeds/', import.meta.url))
const python = process.env['TRAINYARD_TEST_PYTHON']
/** Where no environment was prepared, the example's own requirements make one. */
const packages = python === undefined ? ['--requirements', `${folder}requirements.txt`] : ['--python', python]

let workshop: Workshop
beforeAll(() => {
  workshop = new Workshop()
  workshop.write('secrets.txt', '# keys\nACCESS_KEY=abc-def-ghi\n')
  workshop.write('infile.txt', 'what the job reads\n')
})
afterAll(() => workshop[Symbol.dispose]())

const artifactOf = ({ artifacts }: Told, key: string): ArtifactRecord => {
  const found = artifacts.find((artifact) => artifact.key === key)
  if (found === undefined) throw new Error(`no artifact ${key} among ${artifacts.map((artifact) => artifact.key).join(', ')}`)
  return found
}

function expectEverything(run: Told, p1: number): void {
  expect(run).toMatchObject({ state: 'completed', problems: [], results: { accuracy: p1 * 2, loss: p1 * 3 } })
  expect(run.labels).toMatchObject({ framework: 'sklearn' })
  expect(run.inputs).toMatchObject([{ key: 'infile.txt', url: 'infile.txt', sizeBytes: 19 }])
  expect(readFileSync(artifactOf(run, 'model').target, 'utf8')).toBe('abc is 123')
  expect(artifactOf(run, 'model')).toMatchObject({ labels: { framework: 'xgboost' } })
  expect(artifactOf(run, 'html_result')).toMatchObject({ kind: 'html' })
  expect(readFileSync(artifactOf(run, 'html_result').target, 'utf8')).toBe('<b> Some HTML <b>')
  expect(artifactOf(run, 'chart')).toMatchObject({
    kind: 'chart',
    labels: { type: 'roc' },
    metadata: { header: ['Epoch', 'Accuracy', 'Loss'] },
  })
  const { kind, metadata } = artifactOf(run, 'mydf')
  expect([kind, metadata['length']]).toEqual(['dataset', 5])
  const age = (metadata['stats'] as Record<string, JsonValue>[]).find(({ name }) => name === 'age')
  expect(age).toMatchObject({ count: 5, missing: 0, mean: 45.4, min: 24, '50%': 42, max: 73 })
}

describe('the seed training.py, only its import changed', () => {
  it('runs as a script with a parameter, an input and a secrets file', { timeout: 180_000 }, async () => {
    const run = await workshop.json<Told>(
      'run',
      '--name',
      'train',
      '-p',
      'p2=5',
      '-i',
      'infile.txt=infile.txt',
      '-s',
      'file=secrets.txt',
      ...packages,
      `${folder}training.py`,
    )
    expect(run).toMatchObject({ name: 'train', parameters: { p1: 1, p2: 5 } })
    expectEverything(run, 1)
    const { stdout } = await workshop.run('logs', run.id)
    expect(stdout).toContain(`Run: train (uid=${run.id})\nParams: p1=1, p2=5\naccesskey = abc-def-ghi\n`)
    expect(stdout).toContain('what the job reads')
  })

  it('runs as a handler that gets its parameters by name', { timeout: 180_000 }, async () => {
    const run = await workshop.json<Told>(
      'run',
      '-p',
      'p1=5',
      '-i',
      'infile.txt=infile.txt',
      '-s',
      'file=secrets.txt',
      ...packages,
      `${folder}training.py:my_job`,
    )
    expect(run.parameters).toEqual({ p1: 5, p2: 'x' })
    expectEverything(run, 5)
  })
})

describe('the seeds iris_generator and xgb_train, only their import changed', () => {
  it('logs the data set, and trains on it as an input and as a path', { timeout: 180_000 }, async () => {
    const made = await workshop.json<Told>('run', ...packages, `${folder}iris_xgb.py:iris_generator`)
    expect(artifactOf(made, 'iris_dataset')).toMatchObject({ kind: 'dataset', format: 'csv', metadata: { length: 150 } })

    const ways = [
      ['-i', 'dataset=store://default/iris_dataset'],
      ['-p', `dataset=${artifactOf(made, 'iris_dataset').target}`],
    ]
    for (const way of ways) {
      const run = await workshop.json<Told>('run', ...packages, ...way, '-p', 'eta=0.3', `${folder}iris_xgb.py:xgb_train`)
      expect(run).toMatchObject({
        state: 'completed',
        problems: [],
        parameters: { eta: 0.3, max_depth: 6, model_name: 'model.bst' },
      })
      expect(run.results['accuracy']).toBeGreaterThan(0.6)
      expect(artifactOf(run, 'model')).toMatchObject({ labels: { framework: 'xgboost' } })
      expect(artifactOf(run, 'model').target).toMatch(/model\.bst$/)
      expect(artifactOf(run, 'model').sizeBytes).toBeGreaterThan(1000)
    }
  })

  it('is swept over with the selector of the seed', { timeout: 180_000 }, async () => {
    const sweep = await workshop.json<Told>(
      'run',
      ...packages,
      '-i',
      'dataset=store://default/iris_dataset',
      '-x',
      'eta=[0.05,0.3]',
      '-x',
      'max_depth=[3,6]',
      '--selector',
      'max.accuracy',
      `${folder}iris_xgb.py:xgb_train`,
    )
    expect(sweep).toMatchObject({ state: 'completed', sweep: { completed: 4, failed: 0 } })
    expect(artifactOf(sweep, 'model').target).toMatch(/model\.bst$/)
  })
})
