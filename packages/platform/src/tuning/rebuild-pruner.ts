import type { RunRecord } from '@trainyard/contract'
import type { Execution } from '../execution/index.ts'
import { isRepeated, type Resumption } from './iteration-source.ts'
import { createAshaPruner, type Pruner } from './pruners/asha.ts'
import type { SweepPlan } from './sweep-plan.ts'

/**
 * The pruner of a sweep, with what its earlier iterations reported told again in the order of their times. Undefined when the sweep
 * stops nothing early. Iterations that will be repeated report anew and are left out.
 */
export async function rebuildPruner(
  execution: Execution,
  { spec, selector }: SweepPlan,
  earlier: readonly RunRecord[],
  resumption: Resumption,
): Promise<Pruner | undefined> {
  if (spec.pruner === undefined || selector === undefined) return undefined
  const told = await Promise.all(
    earlier
      .filter((child) => !isRepeated(child, resumption) && selector.name in child.results)
      .map(async ({ id, iteration }) =>
        (await execution.tracking.metrics.history(id, selector.name)).map((point) => ({ trialId: iteration, ...point })),
      ),
  )
  const reports = told.flat().sort((one, other) => one.timeMs - other.timeMs)
  return createAshaPruner({ ...spec.pruner, direction: selector.direction }, reports)
}
