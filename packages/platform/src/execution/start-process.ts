import { delimiter, dirname } from 'node:path'
import type { JobSpec } from '@trainyard/contract'
import type { Ground } from './execution.ts'
import { type PreparedRun, toJobSpec } from './prepared-run.ts'
import { createRunDirectory, removeRunDirectory, type RunDirectory } from './run-directory.ts'
import { harnessFolder } from './launchers/table.ts'
import type { LaunchPlan } from './launchers/launcher.ts'
import type { LocalProcess, ProcessPlan } from './substrates/local-process.ts'
import type { ProcessStarter } from './substrates/process-starter.ts'
import { substrateFor } from './substrates/table.ts'

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
  const { directory, plan } = planFor(ground, run)
  return { directory, child: startPlan(ground, run, { ...plan, directory, ...options }), job: plan.job }
}

/** As `startProcess`, by a small program of the worker's: see `ProcessStarter`. */
export async function startProcessBy(starter: ProcessStarter, ground: Ground, run: PreparedRun): Promise<StartedProcess> {
  if (run.image !== undefined) return startProcess(ground, run, { inheritStdin: false })
  const { directory, plan } = planFor(ground, run)
  const started = { ...plan, environment: environmentOf(ground, run, plan) }
  // Variables of its own may be meant for Python's start; those of clients travel with the job.
  const spare =
    run.launcher.language === 'python' && Object.keys(run.environment).length === 0 ? starter.takeSpare(started) : undefined
  if (spare !== undefined) {
    const place = { workingDirectory: run.workingDirectory, output: directory.output }
    return { directory, child: spare, job: { ...plan.job, place } }
  }
  return { directory, child: await starter.start(started, { outputFile: directory.output }), job: plan.job }
}

function planFor(ground: Ground, run: PreparedRun): { directory: RunDirectory; plan: LaunchPlan } {
  const directory = createRunDirectory(ground.directory.runs, run.id)
  const plan = run.launcher.plan(toJobSpec(run, directory.path), {
    environment: ground.environment,
    workingDirectory: run.workingDirectory,
    interpreter: run.interpreter,
    choices: run.choices,
    programCommand: ground.programCommand,
    dataDirectory: ground.directory.path,
  })
  return { directory, plan }
}

const environmentOf = (ground: Ground, run: PreparedRun, plan: Pick<ProcessPlan, 'environment'>): Record<string, string> => ({
  ...definedOnly(ground.environment),
  ...plan.environment,
  ...run.environment,
  ...modulePath(plan.environment, run.environment),
})

/** Starts what a launcher has planned in the place that is meant for the run. */
export const startPlan = (
  ground: Ground,
  run: PreparedRun,
  plan: ProcessPlan & { directory: RunDirectory; inheritStdin: boolean },
): LocalProcess =>
  substrateFor(run).start(
    { ...plan, environment: environmentOf(ground, run, plan) },
    {
      name: placeName(run.id),
      outputFile: plan.directory.output,
      inheritStdin: plan.inheritStdin,
      ...(run.image === undefined ? {} : { image: run.image, inherited: Object.keys(ground.environment) }),
      ...(run.resources === undefined ? {} : { resources: run.resources }),
      paths: run.image === undefined ? [] : pathsOf(run, plan.directory),
    },
  )

/** The harness must be found whatever a run adds to the places of modules. */
function modulePath(planned: Record<string, string>, own: Record<string, string>): Record<string, string> {
  const parts = [planned['PYTHONPATH'], own['PYTHONPATH']].filter((part) => part !== undefined && part !== '')
  return parts.length < 2 ? {} : { PYTHONPATH: parts.join(delimiter) }
}

/** What a run's work is called where it is not a process of this machine. */
export const placeName = (runId: string): string => `trainyard-${runId}`

const pathsOf = (run: PreparedRun, directory: RunDirectory): string[] => [
  directory.path,
  run.workingDirectory,
  ...(run.launcher.language === 'program' ? [] : [dirname(run.script), harnessFolder(run.launcher.language)]),
  ...Object.values(run.inputs).flatMap(({ path }) => (path === undefined ? [] : [path])),
]

/** Ends a process that never got its job, and leaves nothing of it. */
export async function cancelProcess({ directory, child }: StartedProcess): Promise<void> {
  await endProcess(child)
  removeRunDirectory(directory)
}

/** At once, and once it is gone. */
export async function endProcess(child: LocalProcess): Promise<void> {
  child.stop({ graceMs: 0, because: { kind: 'cancelled' } })
  await child.exit.catch(() => undefined)
}
