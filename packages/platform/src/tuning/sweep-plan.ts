import { resolve } from 'node:path'
import { AppError, parseStopCondition, type StopCondition, type SweepSpec } from '@trainyard/contract'
import { readParameterFile } from './parameter-file.ts'
import { newSeed } from './random.ts'
import type { Selector } from './selector.ts'
import { createStudy, resolveStudySpec, type Study } from './study.ts'

/** A sweep with everything decided: what is asked, how many at a time, when to give up. */
export interface SweepPlan {
  /** With the seed and the number at a time filled in, for the record: a resumed sweep goes on with these. */
  spec: SweepSpec
  study: Study
  seed: number
  selector: Selector | undefined
  stopCondition: StopCondition | undefined
  parallel: number
  choices: Record<string, string>
}

function checkPruner({ pruner, selector }: SweepSpec): void {
  if (pruner === undefined) return
  if (selector === undefined)
    throw new AppError(
      'invalid_argument',
      'The pruner asha needs a selector to know what is better, such as max.accuracy or min.loss.',
    )
  if ((pruner.minSteps ?? 1) < 1)
    throw new AppError('invalid_argument', 'The pruner asha looks at an iteration after at least 1 step.')
  if ((pruner.reductionFactor ?? 4) < 2)
    throw new AppError('invalid_argument', 'The reduction factor of asha is at least 2: one iteration in so many goes on.')
}

/** Reads the parameter file, checks every part, makes the choices that were left open. Fails with `invalid_argument`. */
export async function planSweep(sweep: SweepSpec, options: { workingDirectory: string; cores: number }): Promise<SweepPlan> {
  const file =
    sweep.parameterFile === undefined
      ? undefined
      : await readParameterFile(resolve(options.workingDirectory, sweep.parameterFile))
  const studySpec = resolveStudySpec(sweep, file)
  checkPruner(sweep)
  const seed = sweep.seed ?? newSeed()
  const study = createStudy(studySpec, seed)
  const parallel = Math.min(sweep.parallel ?? options.cores, study.planned)
  return {
    spec: {
      ...sweep,
      strategy: study.strategy,
      seed,
      parallel,
      ...(sweep.parameterFile === undefined ? {} : { parameterFile: resolve(options.workingDirectory, sweep.parameterFile) }),
    },
    study,
    seed,
    selector: studySpec.selector,
    stopCondition: sweep.stopCondition === undefined ? undefined : parseStopCondition(sweep.stopCondition),
    parallel,
    choices: {
      ...(sweep.strategy === undefined ? { strategy: `${study.strategy}, from the kind of values` } : {}),
      ...(sweep.seed === undefined ? { seed: `${seed}, drawn` } : {}),
      ...(sweep.parallel === undefined ? { parallel: `${parallel}, from the cores at hand` } : {}),
    },
  }
}
