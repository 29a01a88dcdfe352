import type { JsonValue } from '@trainyard/contract'
import { type HyperParameter, sampleHyperParameter } from '../distributions.ts'
import { createRandom, type Random } from '../random.ts'
import type { Sampler } from './sampler.ts'

/** Independent draws of every parameter; those of iteration n depend on the seed and n alone. */
export const createRandomSampler = (
  hyperParameters: Readonly<Record<string, HyperParameter>>,
  options: { seed: number; size: number },
): Sampler => ({
  size: options.size,
  propose: (iteration) => drawAll(hyperParameters, createRandom(options.seed, iteration)),
})

export const drawAll = (hyperParameters: Readonly<Record<string, HyperParameter>>, random: Random): Record<string, JsonValue> =>
  Object.fromEntries(
    Object.entries(hyperParameters).map(([key, hyperParameter]) => [key, sampleHyperParameter(hyperParameter, random)]),
  )
