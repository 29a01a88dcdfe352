import { resolve } from 'node:path'
import { parseStopCondition, type StopCondition, type SweepSpec } from '@trainyard/contract'
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

/** Reads the parameter file, checks every part, makes the choices that were left open. Fails with `invalid_argument`. */
export async function planSweep(sweep: SweepSpec, options: { workingDirectory: string; cores: number }): Promise<SweepPlan> {
  const file =
    sweep.parameterFile === undefined
      ? undefined
      : await readParameterFile(resolve(options.workingDirectory, sweep.parameterFile))
  const studySpec = resolveStudySpec(sweep, file)
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
