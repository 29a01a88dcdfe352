import { hostname } from 'node:os'
import { basename } from 'node:path'
import { AppError, nearestName } from '@trainyard/contract'
import { locateCode } from '../execution/index.ts'
import { checkCall, type Callable, type Functions, parseFunctionReference, readCode } from '../functions/index.ts'
import { checkJob } from '../jobs/index.ts'
import type { ScheduledJob } from './schedules.ts'

/**
 * Refuses what could only fail at its time: a file or function that is not there, a handler that its code lacks, parameters that it does
 * not take. `invalid_argument` or `not_found` in one sentence, with the nearest name.
 */
export async function checkScheduledJob(functions: KnownFunctions, job: ScheduledJob, project: string): Promise<void> {
  checkJob(job)
  const called = job.function === undefined ? await fileOf(job) : await functionOf(functions, job.function, project)
  if (called !== undefined) checkCall(called, job.task)
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
