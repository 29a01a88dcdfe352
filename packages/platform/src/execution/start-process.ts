import type { JobSpec } from '@trainyard/contract'
import type { Ground } from './execution.ts'
import { type PreparedRun, toJobSpec } from './prepared-run.ts'
import { createRunDirectory, removeRunDirectory, type RunDirectory } from './run-directory.ts'
import { type LocalProcess, startLocalProcess } from './substrates/local-process.ts'

export const definedOnly = (environment: Ground['environment']): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined))

/** A process that waits for its job: no user code runs before `startJob` has made the record. */
export interface StartedProcess {
  directory: RunDirectory
  child: LocalProcess
  job: JobSpec
}

/** Starts the harness ahead of everything else, because it takes its time to wake up. `cancelProcess` takes it back. */
export function startProcess(ground: Ground, run: PreparedRun, options: { inheritStdin: boolean }): StartedProcess {
  const directory = createRunDirectory(ground.directory.runs, run.id)
  const plan = run.launcher.plan(toJobSpec(run, directory.path), {
    environment: ground.environment,
    workingDirectory: run.workingDirectory,
    interpreter: run.interpreter,
    choices: run.choices,
    programCommand: ground.programCommand,
    dataDirectory: ground.directory.path,
  })
  const child = startLocalProcess(
    { ...plan, environment: { ...definedOnly(ground.environment), ...plan.environment, ...run.environment } },
    { outputFile: directory.output, inheritStdin: options.inheritStdin },
  )
  return { directory, child, job: plan.job }
}

/** Ends a process that never got its job, and leaves nothing of it. */
export async function cancelProcess({ directory, child }: StartedProcess): Promise<void> {
  child.stop({ graceMs: 0, because: { kind: 'cancelled' } })
  await child.exit.catch(() => undefined)
  removeRunDirectory(directory)
}
