import { isJsonObject } from '@trainyard/contract'
import { MlrunError } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import type { MlrunCall, MlrunContext, Route } from './route.ts'

/** What no job needs, whatever project it belongs to. */
const refused = new Set([
  'POST projects',
  'DELETE projects/:project',
  'POST projects/:project/load',
  'POST projects/:project/secrets',
  'DELETE projects/:project/secrets',
  'POST hub/sources',
  'PUT hub/sources/:name',
  'DELETE hub/sources/:name',
])

/**
 * Refuses what the token of a job does not open: writing to another project than its own, submitting work there (it would be given
 * that project's secrets), and what belongs to people: projects, secrets, sources of the hub. Reading is free.
 */
export async function checkJobReach({ tracking }: MlrunContext, route: Route, call: MlrunCall): Promise<void> {
  if (call.jobRunId === undefined || route.method === 'GET') return
  const refuse = (what: string): never => {
    throw new MlrunError(403, `The token of a job does not open this: ${what}. Give the job another with MLRUN_HTTPDB__TOKEN.`)
  }
  if (refused.has(`${route.method} ${route.path}`)) refuse('projects, secrets and sources are changed by people')
  const run = await tracking.runs.find(call.jobRunId)
  if (run === undefined) return
  const named = call.params['project'] ?? projectIn(call)
  if (named !== undefined && named !== '' && named !== run.project)
    refuse(`the job belongs to project ${run.project}, not ${named}`)
}

/** Of what is submitted or built. */
function projectIn(call: MlrunCall): string | undefined {
  const body = call.body()
  if (!isJsonObject(body)) return undefined
  return textOf(objectAt(body, 'task', 'metadata')['project']) ?? textOf(objectAt(body, 'function', 'metadata')['project'])
}
