/**
 * Runs user code and keeps the record of it: prepares (file, interpreter, environment, inputs, secrets), starts a process, carries
 * its journal, output and artifacts into the records, and says how it ended; takes care of runs whose supervisor died.
 *
 * It does not decide what to run next (that is `tuning/`), knows no database and no wire format. `launchers/` say what to start for
 * a language, `substrates/` where. Start with `job.ts` (one run), then `carrier.ts` (what travels) and `adoption.ts` (after a crash).
 */
export { abortRun } from './abort.ts'
export { adoptRuns, type AdoptionReport } from './adoption.ts'
export { takeResultsOf } from './child-runs.ts'
export type { ClientAccess, ClientRun, Execution, Ground } from './execution.ts'
export { type AttachedRun, startAttachedRun } from './attached-run.ts'
export { watchForAbort } from './heartbeat.ts'
export { givenToRun } from './given-to-run.ts'
export { defaultRunName } from './user-file.ts'
export { type OutPathValues, resolveOutPath } from './out-path.ts'
export { removeSentCode, writeSentCode } from './sent-code.ts'
export { superviseOrphan } from './supervise-orphan.ts'
export { supervisorOf } from './supervisor-of.ts'
export { parseQuantity } from './quantity.ts'
export { resolveSecrets, withoutSecretsOf } from './secrets.ts'
export { listGpus } from './gpus.ts'
export { findPython } from './interpreter.ts'
export { type RunningIteration, startIteration } from './iteration.ts'
export { BrokenWorkerError, type IterationRunner } from './iteration-runner.ts'
export { captureCode, isPermanent, type JobEvents, runWithRetries, type RunningJob, startJob, type StopReason } from './job.ts'
export { explainLostDirectory } from './lost-directory.ts'
export { openIterationRunner } from './open-iteration-runner.ts'
export { locateCode, prepareRun, type PrepareOptions, recordedTask } from './prepare.ts'
export { checkArguments, fillArguments, type PreparedRun } from './prepared-run.ts'
export { currentSupervisor, isAlive, supervisorStatus } from './process-identity.ts'
export { readCodeText } from './record/code-texts.ts'
export { captureEnvironment } from './record/environment-info.ts'
export { prepareRequirements } from './requirements.ts'
export { createRunDirectory, removeRunDirectory, renewRunDirectory } from './run-directory.ts'
export { parseTask, readTaskFile } from './task-file.ts'
export { parseSecretsFile } from './secrets.ts'
export { withSecrets } from './with-secrets.ts'
export { cancelProcess, type StartedProcess, startProcess } from './start-process.ts'
