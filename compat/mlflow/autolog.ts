import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { here } from './client-environment.ts'

interface Told {
  state: string
  problems: string[]
  parameters: Record<string, unknown>
  results: Record<string, unknown>
  artifacts: { key: string; kind: string; metadata: Record<string, unknown> }[]
}

interface Expected {
  /** Metrics with a point per iteration or epoch, and how many. */
  series: Record<string, number>
  parameter: string
  plots: boolean
  /** False where the client of this environment writes none by itself. */
  signature?: false
}

const program = join(here, '..', '..', 'packages', 'platform', 'bin', 'trainyard.js')

/**
 * One file of `autolog/` per framework, each a real training that knows of no tracking, in an environment without MLflow:
 * `trainyard run --autolog` brings it along (`mlflow-skinny`, in the user's cache). The environment takes about 1 GB, a third of it
 * Keras on JAX.
 */
const frameworks: Record<string, Expected> = {
  sklearn: { series: { training_accuracy_score: 1 }, parameter: 'n_estimators', plots: true },
  xgboost: { series: { 'validation-mlogloss': 5 }, parameter: 'eta', plots: true },
  lightgbm: { series: { 'validation-multi_logloss': 5 }, parameter: 'learning_rate', plots: true },
  keras: { series: { loss: 3, val_accuracy: 3 }, parameter: 'epochs', plots: false },
}

/**
 * PyTorch for CUDA, the only one in package indexes, takes 2.5 GB; that of the operating system does (Debian: 1.13), with the last
 * client that knows how to keep its models. Newer clients log the metrics and fail to write the model.
 */
const ofTheSystem: Record<string, Expected> = {
  lightning: { series: { train_loss: 2, val_accuracy: 2 }, parameter: 'epochs', plots: false, signature: false },
}

/** What is wrong with each framework's run; nothing when all is well. */
export const autologEveryFramework = (python: string, folder: string): Promise<string[]> => autologAll(python, folder, frameworks)

/** The same for PyTorch Lightning. */
export const autologLightning = (python: string, folder: string): Promise<string[]> => autologAll(python, folder, ofTheSystem)

async function autologAll(python: string, folder: string, all: Readonly<Record<string, Expected>>): Promise<string[]> {
  const problems: string[] = []
  for (const [name, expected] of Object.entries(all)) {
    const started = performance.now()
    const wrong = await runOne(python, folder, { name, expected }).catch((error: unknown) => [String(error)])
    problems.push(...wrong.map((sentence) => `autolog of ${name}: ${sentence}`))
    console.log(
      `autolog of ${name}: ${wrong.length === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(0)} s)`,
    )
  }
  return problems
}

async function trainyard(folder: string, ...argv: string[]): Promise<string> {
  const { MLFLOW_TRACKING_URI: _elsewhere, ...inherited } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...argv, '--data', join(folder, 'autolog')], {
    env: { ...inherited, KERAS_BACKEND: 'jax', MLFLOW_DISABLE_TELEMETRY: 'true' },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout
}

async function runOne(
  python: string,
  folder: string,
  { name, expected }: { name: string; expected: Expected },
): Promise<string[]> {
  const script = join(here, 'autolog', `${name}_training.py`)
  const run = JSON.parse(await trainyard(folder, 'run', '--autolog', script, '--python', python, '--json')) as Told
  const { metrics } = JSON.parse(await trainyard(folder, 'show', `${name}_training`, '--json')) as {
    metrics: { key: string; pointCount: number }[]
  }
  const model = run.artifacts.find(({ kind }) => kind === 'model')
  return [
    run.state === 'completed' && run.problems.length === 0 ? undefined : `it ended as ${run.state}, ${run.problems.join('; ')}`,
    Object.hasOwn(run.parameters, expected.parameter) ? undefined : `the parameter ${expected.parameter} is missing`,
    ...Object.entries(expected.series).map(([key, count]) => {
      const found = metrics.find((series) => series.key === key)?.pointCount ?? 0
      return found === count ? undefined : `the metric ${key} has ${found} points, not ${count}`
    }),
    model === undefined ? 'there is no model' : undefined,
    model === undefined || expected.signature === false || Array.isArray(model.metadata['inputs'])
      ? undefined
      : 'the model has no signature',
    expected.plots && !run.artifacts.some(({ kind }) => kind === 'plot') ? 'there is no plot' : undefined,
  ].filter((sentence) => sentence !== undefined)
}
