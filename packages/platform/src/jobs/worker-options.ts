import type { SecretBox } from '../base/secret-box.ts'
import type { Database } from '../database/index.ts'
import type { Execution, PreparedRun, ProcessStarter } from '../execution/index.ts'
import type { Demand } from './demand.ts'
import type { FunctionCode } from './function-code.ts'

/** What a worker, and everything it does for a job, is given. */
export interface WorkerOptions {
  database: Database
  secrets: SecretBox
  execution: Execution
  functionCode: FunctionCode
  /** What this machine gives to jobs. */
  capacity: Demand
  /** What one run is executed with: clients in it reach the records, its secrets open its out path. */
  openExecution(run: PreparedRun): Promise<{ readonly execution: Execution } & AsyncDisposable>
  /** Told of what is wrong with the queue itself; what is wrong with a job is on its run. */
  onProblem(error: unknown): void
  leaseMs?: number
}

/** What one worker works with. */
export interface AtWork extends WorkerOptions {
  starter: ProcessStarter
}
