import { AppError, type JsonValue, type SweepSpec } from '@trainyard/contract'
import { checkHyperParameter, type HyperParameter, listedValues, printHyperParameter } from './distributions.ts'
import type { ParameterFile, ParameterRows } from './parameter-rows.ts'
import { createGridSampler } from './samplers/grid.ts'
import { createListSampler, createRowSampler } from './samplers/list.ts'
import { createRandomSampler } from './samplers/random.ts'
import type { Sampler } from './samplers/sampler.ts'
import { createTpeSampler } from './samplers/tpe.ts'
import { parseSelector, type Selector } from './selector.ts'
import type { TrialHistory } from './trial-history.ts'

export type SamplingStrategy = 'grid' | 'list' | 'random' | 'tpe'

/** A sweep with every choice made: which sampler, over what, for what. */
export interface StudySpec {
  strategy: SamplingStrategy
  hyperParameters: Readonly<Record<string, HyperParameter>>
  /** Rows of a parameter file; then the strategy is `list` and there are no hyper-parameters. */
  rows?: ParameterRows
  selector?: Selector
  maxIterations?: number
}

export type Ask =
  | { kind: 'trial'; iteration: number; parameters: Record<string, JsonValue> }
  /** Every planned iteration is in the history. */
  | { kind: 'done' }

/**
 * Proposes iterations and never runs one. Both functions depend on the specification, the seed and the history alone: a sweep that
 * is loaded again after a crash goes on as if nothing had happened. Grid, list and random proposals do not even depend on the history.
 */
export interface Study {
  readonly strategy: SamplingStrategy
  /** Names of the parameters it varies. */
  readonly keys: readonly string[]
  /** Number of iterations if nothing stops the sweep earlier. */
  readonly planned: number
  /** The first iteration that the history lacks. Record it as `running` before asking again. */
  ask(history: TrialHistory): Ask
}

/** Iterations of `random` and `tpe` when none are given. */
export const defaultIterations = { random: 10, tpe: 50 } as const

/**
 * Makes the choices a sweep leaves open. Strategy: the given one, else `list` for rows of a file, else `random` when there is a
 * distribution, else `grid`. Fails with `invalid_argument` on lists, distributions and strategies that do not go together.
 */
export const resolveStudySpec = (sweep: SweepSpec, file?: ParameterFile): StudySpec => {
  if (file !== undefined && Object.keys(sweep.hyperParameters ?? {}).length > 0) {
    throw new AppError(
      'invalid_argument',
      'A sweep takes its values from a parameter file or from hyper-parameters, not from both.',
    )
  }
  const hyperParameters = file?.kind === 'lists' ? file.hyperParameters : (sweep.hyperParameters ?? {})
  for (const [key, hyperParameter] of Object.entries(hyperParameters)) checkHyperParameter(key, hyperParameter)
  const numeric = Object.values(hyperParameters).some((hyperParameter) => listedValues(hyperParameter) === undefined)
  const rows = file?.kind === 'rows' ? file.rows : undefined
  const strategy = sweep.strategy ?? (rows === undefined ? (numeric ? 'random' : 'grid') : 'list')
  if (strategy === 'custom') {
    throw new AppError(
      'invalid_argument',
      'Strategy custom has no sampler: the handler makes its own iterations with get_child_context.',
    )
  }
  if (rows !== undefined && strategy !== 'list') {
    throw new AppError(
      'invalid_argument',
      `A parameter file of rows is a list of iterations and does not go with strategy ${strategy}; give a file of lists (key to values) instead.`,
    )
  }
  if (rows === undefined && Object.keys(hyperParameters).length === 0) {
    throw new AppError(
      'invalid_argument',
      'The sweep varies nothing: give -x key=[…], hyperParameters in the task, or a parameter file.',
    )
  }
  if (strategy === 'tpe' && sweep.selector === undefined) {
    throw new AppError(
      'invalid_argument',
      'Strategy tpe needs a selector to know what is better, such as max.accuracy or min.loss.',
    )
  }
  return {
    strategy,
    hyperParameters,
    ...(rows === undefined ? {} : { rows }),
    ...(sweep.selector === undefined ? {} : { selector: parseSelector(sweep.selector) }),
    ...(sweep.maxIterations === undefined ? {} : { maxIterations: sweep.maxIterations }),
  }
}

export const createStudy = (spec: StudySpec, seed: number): Study => {
  const sampler = createSampler(spec, seed)
  const planned = Math.min(sampler.size, spec.maxIterations ?? Number.POSITIVE_INFINITY)
  if (!Number.isSafeInteger(planned)) {
    throw new AppError(
      'invalid_argument',
      spec.maxIterations === undefined
        ? 'The grid has more combinations than can be counted; shorten its lists or give maxIterations.'
        : `maxIterations is ${spec.maxIterations}, more than can be counted: give at most ${Number.MAX_SAFE_INTEGER}.`,
    )
  }
  return {
    strategy: spec.strategy,
    keys: spec.rows?.keys ?? Object.keys(spec.hyperParameters),
    planned,
    ask: (history) => {
      const iteration = history.firstMissing
      return iteration > planned
        ? { kind: 'done' }
        : { kind: 'trial', iteration, parameters: sampler.propose(iteration, history) }
    },
  }
}

const createSampler = (spec: StudySpec, seed: number): Sampler => {
  switch (spec.strategy) {
    case 'grid':
      return createGridSampler(toLists(spec))
    case 'list':
      return spec.rows === undefined ? createListSampler(toLists(spec)) : createRowSampler(spec.rows)
    case 'random':
      return createRandomSampler(spec.hyperParameters, { seed, size: spec.maxIterations ?? defaultIterations.random })
    case 'tpe':
      return createTpeSampler(spec.hyperParameters, {
        seed,
        size: spec.maxIterations ?? defaultIterations.tpe,
        direction: spec.selector?.direction ?? 'maximize',
      })
    default:
      return spec.strategy satisfies never
  }
}

const toLists = (spec: StudySpec): Record<string, readonly JsonValue[]> =>
  Object.fromEntries(
    Object.entries(spec.hyperParameters).map(([key, hyperParameter]) => {
      const values = listedValues(hyperParameter)
      if (values !== undefined) return [key, values]
      throw new AppError(
        'invalid_argument',
        `Hyper-parameter ${key}: strategy ${spec.strategy} needs a list such as [1,2,3], not ${printHyperParameter(hyperParameter)}; ` +
          'distributions go with strategy random or tpe.',
        { details: { key } },
      )
    }),
  )
