import type { JsonValue } from '@trainyard/contract'
import type { TrialHistory } from '../trial-history.ts'

/** The algorithm under a study. */
export interface Sampler {
  /** Iterations there are to propose; may be infinite. */
  readonly size: number
  /** Parameters of iteration `iteration` (from 1 on, at most `size`). The same arguments give the same answer, in any process. */
  propose(iteration: number, history: TrialHistory): Record<string, JsonValue>
}
