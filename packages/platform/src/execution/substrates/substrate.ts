import type { Resources } from '@trainyard/contract'
import type { LocalProcess, ProcessPlan } from './local-process.ts'

/** What a place to run may want to know of a run beside what is started. */
export interface Placement {
  /** Names the work in that place, so that it can be found and stopped there. */
  readonly name: string
  readonly outputFile: string
  readonly inheritStdin: boolean
  readonly image?: string
  /** Variables that are this machine's own, which a container does not get. */
  readonly inherited?: readonly string[]
  readonly resources?: Resources
  /** Folders and files that the work needs as they are here; the first is written to. */
  readonly paths: readonly string[]
}

/**
 * Where processes start. Whatever the place is, a process of this machine stands for the work: it lives as long, hands on signals to
 * all of it, passes descriptors 3 and 4 to it, and its output is that of the work. It goes on when we are killed.
 */
export interface Substrate {
  readonly name: string
  start(plan: ProcessPlan, placement: Placement): LocalProcess
  /** Stops for good what may be left of the work when the process that stood for it is gone. */
  clear(name: string): Promise<void>
}
