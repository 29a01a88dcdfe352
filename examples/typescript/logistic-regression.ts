import type { Samples } from './iris.ts'

/** One row of weights per class; the last weight is the bias. */
export interface LogisticModel {
  classes: string[]
  weights: number[][]
}

export const startModel = (featureCount: number, classes: string[]): LogisticModel => ({
  classes,
  weights: classes.map(() => Array.from({ length: featureCount + 1 }, () => 0)),
})

export function probabilities({ weights }: LogisticModel, values: readonly number[]): number[] {
  const scores = weights.map((row) => row.reduce((sum, weight, index) => sum + weight * (values[index] ?? 1), 0))
  const highest = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - highest))
  const total = powers.reduce((a, b) => a + b)
  return powers.map((power) => power / total)
}

/** One step of gradient descent over all samples; `loss` is the mean cross-entropy before it. */
export function step(
  model: LogisticModel,
  samples: Samples,
  options: { learningRate: number; l2: number },
): { model: LogisticModel; loss: number } {
  const count = samples.labels.length
  const gradient = model.weights.map((row) => row.map((weight, index) => (index < row.length - 1 ? options.l2 * weight : 0)))
  let loss = 0
  for (const [sample, values] of samples.values.entries()) {
    const label = samples.labels[sample]!
    const expected = probabilities(model, values)
    loss -= Math.log(Math.max(expected[label]!, Number.MIN_VALUE)) / count
    for (const [index, row] of gradient.entries()) {
      const error = (expected[index]! - (index === label ? 1 : 0)) / count
      for (let feature = 0; feature < row.length; feature++) row[feature]! += error * (values[feature] ?? 1)
    }
  }
  const weights = model.weights.map((row, index) =>
    row.map((weight, feature) => weight - options.learningRate * gradient[index]![feature]!),
  )
  return { model: { ...model, weights }, loss }
}

export const predict = (model: LogisticModel, values: readonly number[]): number => {
  const found = probabilities(model, values)
  return found.indexOf(Math.max(...found))
}

export const accuracyOf = (model: LogisticModel, { values, labels }: Samples): number =>
  values.filter((row, index) => predict(model, row) === labels[index]).length / labels.length

/** A row per true class with how often each class was predicted. */
export const confusion = (model: LogisticModel, { values, labels }: Samples): Record<string, number | string>[] =>
  model.classes.map((name, label) => {
    const predicted = values.filter((_, index) => labels[index] === label).map((row) => predict(model, row))
    const counts = model.classes.map((other, index): [string, number] => [
      other,
      predicted.filter((found) => found === index).length,
    ])
    return { species: name, ...Object.fromEntries(counts) }
  })
