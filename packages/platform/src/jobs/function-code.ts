import type { Task } from '@trainyard/contract'
import { imageState } from '../execution/index.ts'
import {
  type Functions,
  type FunctionVersion,
  outlineFunction,
  overFunction,
  parseFunctionReference,
  printFunctionReference,
  type SourceOptions,
  stageFunction,
  type StagedFunction,
} from '../functions/index.ts'
import type { JobPlan } from './jobs.ts'

/** Functions that jobs run, and how a server fetches their code. */
export interface FunctionCode {
  functions: Pick<Functions, 'get'>
  /** `allowLocal`: paths of this machine may be named, since a user of it has asked. */
  sources(options: { allowLocal: boolean; signal: AbortSignal }): SourceOptions
}

/** A run of a version as a job: any server may take it, and lays its code out itself. */
export const jobOfFunction = (version: FunctionVersion, asked: Task): Pick<JobPlan, 'function' | 'task'> => ({
  function: printFunctionReference({
    project: version.project,
    name: version.name,
    ...(version.isVersioned ? { hash: version.hash } : { tag: version.tags[0] ?? 'latest' }),
  }),
  task: overFunction(outlineFunction(version, asked), asked),
})

/** The code of a job's function on this machine, and the job's whole task. */
export async function layOutFunction(
  { functions, sources }: FunctionCode,
  { task, ...plan }: JobPlan & { function: string },
  options: { allowLocal: boolean; signal: AbortSignal },
): Promise<StagedFunction> {
  const version = await functions.get(parseFunctionReference(plan.function), task.project ?? 'default')
  const staged = await stageFunction(version, { ...sources(options), imageState }, task)
  return { ...staged, task: overFunction(staged.task, task) }
}
