/**
 * The harness: runs one piece of a user's code as the job on the control descriptor says, and tells its journal how that went.
 * Started as `node harness.js` by the supervisor; not meant to be imported by scripts. Start with `harness/run-job.ts`.
 */
import { readJob } from './harness/read-job.ts'
import { runJob } from './harness/run-job.ts'

runJob(readJob())
