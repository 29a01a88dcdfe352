import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'

type Told = RunRecord & { artifacts: ArtifactRecord[] }

// The environments are those that users get, made once on a machine: about half a gigabyte.
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'trainyard')

let workshop: Workshop
beforeAll(() => {
  workshop = new Workshop({ TRAINYARD_CACHE: cache })
})
afterAll(() => workshop[Symbol.dispose]())

/** Runs an item of the shelf, which must end well. */
async function run(...words: string[]): Promise<Told> {
  const done = await workshop.json<Told>('run', ...words)
  expect(done.error?.message ?? done.state).toBe('completed')
  expect(done.problems).toEqual([])
  return done
}

const textOf = (done: Told, key: string): string => readFileSync(done.artifacts.find((each) => each.key === key)!.target, 'utf8')

it('every function of the shelf does its work on real small data', { timeout: 900_000 }, async () => {
  const iris = await run('hub://load_dataset', '-p', 'dataset=iris')
  expect(iris.results).toMatchObject({ rows: 150, columns: 5 })
  expect(iris.labels['function']).toBe('hub://trainyard/load_dataset:1.0.0')
  await run('hub://load_dataset', '-p', 'dataset=diabetes')
  const table = 'store://datasets/default/iris'

  const described = await run('hub://describe', '-i', `table=${table}`, '-p', 'label_column=label')
  expect(described.results).toMatchObject({ rows: 150, missing_share: 0, label_values: 3, label_imbalance: 1, duplicate_rows: 1 })
  expect(textOf(described, 'dataset-statistics')).toContain('petal_width')
  expect(textOf(described, 'dataset-report')).toContain('<svg')

  const selected = await run('hub://feature_selection', '-i', `df_artifact=${table}`, '-p', 'k=2')
  expect(selected.results['selected']).toEqual(['petal_length', 'petal_width'])

  const rolled = await run(
    'hub://aggregate',
    '-i',
    `df_artifact=${table}`,
    '-p',
    'keys=["label"]',
    '-p',
    'metrics=["petal_width"]',
    '-p',
    'metric_aggs=["mean","max"]',
  )
  expect(textOf(rolled, 'aggregate').split('\n')[0]).toContain('petal_width_max_3')

  const made = await run('hub://gen-class-data', '-p', 'k_classes=3', '-p', 'n_samples=300')
  expect(textOf(made, 'classifier-data').trim().split('\n')).toHaveLength(301)

  const trained = await run(
    'hub://sklearn_classifier',
    '-i',
    `dataset=${table}`,
    '-p',
    'model_pkg_class=sklearn.ensemble.RandomForestClassifier',
    '-p',
    'model_name=forest',
  )
  expect(trained.results['accuracy']).toBeGreaterThan(0.9)
  const tested = await run('hub://test_classifier', '-i', 'models_path=store://models/default/forest', '-i', `test_set=${table}`)
  expect(tested.results['accuracy']).toBeGreaterThan(0.95)
  const inferred = await run(
    'hub://batch_inference',
    '-i',
    'model_path=store://models/default/forest',
    '-i',
    `dataset=${table}`,
    '-i',
    `sample_set=${table}`,
  )
  expect(inferred.results).toMatchObject({ rows: 150, drifted_features: 0 })

  const automatic = await run('hub://auto_trainer', '-i', `dataset=${table}`, '-p', 'time_budget=2', '-p', 'model_name=best')
  expect(automatic.results).toMatchObject({ task: 'classification' })
  expect(automatic.results['accuracy']).toBeGreaterThan(0.9)
  const evaluated = await run(
    'hub://auto_trainer',
    '--handler',
    'evaluate',
    '-i',
    'model=store://models/default/best',
    '-i',
    `dataset=${table}`,
  )
  expect(evaluated.results['accuracy']).toBeGreaterThan(0.9)
  await run('hub://auto_trainer', '--handler', 'predict', '-i', 'model=store://models/default/best', '-i', `dataset=${table}`)
  for (const [model, data, score] of [
    ['xgboost.XGBClassifier', 'iris', 'accuracy'],
    ['lightgbm.LGBMRegressor', 'diabetes', 'r2'],
  ] as const) {
    const named = await run(
      'hub://auto_trainer',
      '-i',
      `dataset=store://datasets/default/${data}`,
      '-p',
      `model_class=${model}`,
      '-p',
      'model_name=other',
    )
    expect(named.results['model_class']).toBe(model)
    expect(named.results[score]).toBeGreaterThan(0.2)
  }
  expect(existsSync(join(workshop.folder, '.trainyard'))).toBe(true)
})

it('an item nobody has names the nearest, before anything is started', async () => {
  const { code, stderr } = await workshop.run('run', 'hub://trainyard/descrbe')
  expect(code).not.toBe(0)
  expect(stderr).toContain('did you mean describe')
})
