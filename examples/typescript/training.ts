import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineHandler, Type } from '@trainyard/sdk'
import { accuracyOf, confusion, type LogisticModel, step, startModel } from './logistic-regression.ts'
import { parseIris, splitRows } from './iris.ts'

const irisFile = join(dirname(fileURLToPath(import.meta.url)), '..', 'data', 'iris.csv')

/** Softmax regression on the iris flowers. Stops early, with the model so far, when the run is asked to stop. */
export const train = defineHandler(
  {
    parameters: Type.Object({
      learningRate: Type.Number({ default: 0.1, exclusiveMinimum: 0 }),
      epochs: Type.Integer({ default: 200, minimum: 1 }),
      l2: Type.Number({ default: 0.001, minimum: 0 }),
      testShare: Type.Number({ default: 0.3, exclusiveMinimum: 0, exclusiveMaximum: 1 }),
      seed: Type.Integer({ default: 7 }),
    }),
    returns: ['accuracy', 'loss'],
  },
  async (context, { learningRate, epochs, l2, testShare, seed }) => {
    const flowers = parseIris(await context.getInput('iris', irisFile).text())
    context.logDataset('iris', flowers.rows, { labelColumn: 'species' })
    const { train: training, test } = splitRows(flowers, testShare, seed)
    context.logger.info('training', { rows: training.labels.length, test: test.labels.length })

    let model: LogisticModel = startModel(flowers.features.length, flowers.classes)
    let loss = Number.NaN
    const curve: [epoch: number, loss: number, accuracy: number][] = []
    for (let epoch = 0; epoch < epochs && !context.signal.aborted; epoch++) {
      ;({ model, loss } = step(model, training, { learningRate, l2 }))
      const accuracy = accuracyOf(model, test)
      context.logMetrics({ loss, accuracy }, { step: epoch })
      curve.push([epoch, loss, accuracy])
      // Lets the signal in between epochs.
      await new Promise((resolve) => setImmediate(resolve))
    }

    const accuracy = accuracyOf(model, test)
    context.logChart('learning curve', { header: ['epoch', 'loss', 'accuracy'], rows: curve })
    context.logTable('confusion', confusion(model, test))
    context.logModel('model', {
      body: model,
      modelFile: 'weights.json',
      framework: 'typescript',
      algorithm: 'softmax regression',
      metrics: { accuracy, loss },
      trainingSet: flowers.rows,
      labelColumn: 'species',
    })
    return [accuracy, loss]
  },
)
