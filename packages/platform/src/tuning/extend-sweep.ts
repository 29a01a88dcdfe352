import { AppError, mostIterations, type RunRecord, type SweepSpec } from '@trainyard/contract'
import { planSweep } from './sweep-plan.ts'

/**
 * The sweep with so many iterations in all: those it has keep their numbers and values, and what comes next follows from its seed and
 * their results, as if it had been asked for at first. `failed_precondition` when there is nothing left to try, or no more than exist;
 * `invalid_argument` beyond `mostIterations`.
 */
export async function extendedSweep(
  record: RunRecord,
  { maxIterations, existing }: { maxIterations: number; existing: readonly Pick<RunRecord, 'iteration'>[] },
): Promise<SweepSpec> {
  if (maxIterations > mostIterations)
    throw new AppError(
      'invalid_argument',
      `A sweep is extended to at most ${mostIterations} iterations, not to ${maxIterations}.`,
    )
  const sweep = record.task?.sweep
  if (record.kind !== 'sweep' || sweep === undefined)
    throw new AppError(
      'failed_precondition',
      `${record.name} is no sweep that Trainyard runs: only such a one can have more iterations.`,
    )
  const longer = { ...sweep, maxIterations }
  const { study } = await planSweep(longer, { workingDirectory: record.code?.workingDirectory ?? '/', cores: 1 })
  // Aborted or stopped early, it has fewer than were planned.
  const has = existing.reduce((most, { iteration }) => Math.max(most, iteration), 0)
  if (study.planned > has) return longer
  throw new AppError(
    'failed_precondition',
    maxIterations > has
      ? `${record.name} has tried all ${has} combinations of its values: for others, start another sweep.`
      : `${record.name} has ${has} iterations already: ask for more than ${has} in all.`,
  )
}
