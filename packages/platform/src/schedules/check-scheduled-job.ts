import { hostname } from 'node:os'
import { basename } from 'node:path'
import { AppError, nearestName, type Task } from '@trainyard/contract'
import { checkSyntax, type Ground, locateCode } from '../execution/index.ts'
import { checkCall, type Callable, type Functions, parseFunctionReference, readCode } from '../functions/index.ts'
import { checkJob } from '../jobs/index.ts'
import type { ScheduledJob } from './schedules.ts'

/**
 * Refuses what could only fail when it starts: a file or function that is not there, a handler that its code lacks, parameters that it does
 * not take. `invalid_argument` or `not_found` in one sentence, with the nearest name. What is to be called, where it can be seen from here.
 */
export async function checkAskedJob(
  functions: KnownFunctions,
  job: ScheduledJob,
  project: string,
): Promise<Callable | undefined> {
  checkJob(job)
  const called = job.function === undefined ? await fileOf(job) : await functionOf(functions, job.function, project)
  if (called !== undefined) checkCall(called, job.task)
  return called
}

/** As `checkAskedJob`, for what starts when nobody looks on: also code that is none is refused. */
export async function checkScheduledJob(
  { functions, ground }: Pick<ScheduleGrounds, 'functions' | 'ground'>,
  job: ScheduledJob,
  project: string,
): Promise<void> {
  const called = await checkAskedJob(functions, job, project)
  // An image, or a Python of its own, may know another language than the one at hand.
  if (called?.code === undefined || job.task.image !== undefined || job.python !== undefined) return
  await checkSyntax(called.code, called.codeFile ?? 'function.py', ground)
}

export interface ScheduleGrounds {
  /** What schedules may start beside files. */
  functions: KnownFunctions
  /** Where the interpreters are found that read code. */
  ground: Pick<Ground, 'environment' | 'workingDirectory'>
  /** Refuses receivers of notifications that could not be told of an end. */
  checkReceivers?: (task: Task) => Promise<void>
}

export type KnownFunctions = Pick<Functions, 'get' | 'find' | 'list'>

async function functionOf(functions: KnownFunctions, text: string, project: string): Promise<Callable> {
  const reference = parseFunctionReference(text)
  const found = await functions.find(reference, project)
  if (found) return found.spec
  const place = reference.project ?? project
  const { functions: known } = await functions.list({ project: place, newestOnly: true, limit: 1_000 })
  const names = known.map(({ name }) => name)
  const nearest = names.includes(reference.name) ? undefined : nearestName(reference.name, names)
  // Of a version that is not there the records say which there are.
  if (nearest === undefined) return (await functions.get(reference, project)).spec
  throw new AppError('not_found', `There is no function ${reference.name} in project ${place}: did you mean ${nearest}?`)
}

/** Of a script that is sent along, or that lies on this machine; undefined where it cannot be read from here. */
async function fileOf({ task, code, workingDirectory, host }: ScheduledJob): Promise<Callable | undefined> {
  if (task.program !== undefined) return undefined
  if (code !== undefined) return { name: code.name, code: code.text, codeFile: code.name }
  if (workingDirectory === undefined || (host !== undefined && host !== hostname())) return undefined
  const { script, handler } = locateCode(task, workingDirectory).file
  const text = await readCode(script)
  return { name: basename(script), code: text, codeFile: basename(script), ...(handler === undefined ? {} : { handler }) }
}
