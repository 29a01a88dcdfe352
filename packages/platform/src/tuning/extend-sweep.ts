import { AppError, type RunRecord, type SweepSpec } from '@trainyard/contract'
import { planSweep } from './sweep-plan.ts'

/**
 * The sweep with so many iterations in all: those it has keep their numbers and values, and what comes next follows from its seed and
 * their results, as if it had been asked for at first. `failed_precondition` when there is nothing left to try, or no more than before.
 */
export async function extendedSweep(record: RunRecord, maxIterations: number): Promise<SweepSpec> {
  const sweep = record.task?.sweep
  if (record.kind !== 'sweep' || sweep === undefined)
    throw new AppError(
      'failed_precondition',
      `${record.name} is no sweep that Trainyard runs: only such a one can have more iterations.`,
    )
  const options = { workingDirectory: record.code?.workingDirectory ?? '/', cores: 1 }
  const before = await planSweep(sweep, options)
  const longer = { ...sweep, maxIterations }
  const after = await planSweep(longer, options)
  if (after.study.planned > before.study.planned) return longer
  const has = before.study.planned
  throw new AppError(
    'failed_precondition',
    maxIterations > has
      ? `${record.name} has tried all ${has} combinations of its values: for others, start another sweep.`
      : `${record.name} has ${has} iterations already: ask for more than ${has} in all.`,
  )
}
