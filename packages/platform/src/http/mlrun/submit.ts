import { type AppError, isAppError, type JsonObject, newRunId } from '@trainyard/contract'
import { parseFunctionReference } from '../../functions/index.ts'
import { findFunction, toFunction } from './functions.ts'
import { invalid, MlrunError } from './errors.ts'
import { commandOf, checkKind, limitsOf } from './job-command.ts'
import { isObject, objectAt, textOf } from './json.ts'
import { checkProjectName, runIdOf } from './names.ts'
import { type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { storeDocument } from './run-document.ts'
import { toRun } from './run-view.ts'
import { documentIn, merged } from './stored-records.ts'

export const submitRoutes: readonly Route[] = [
  route('POST', 'submit_job', async (context, call) => {
    const body = documentIn(call, "an object with a 'task'")
    const task = objectAt(body, 'task')
    if (Object.keys(task).length === 0) throw invalid("The body has no 'task': send the run that is to be carried out.")
    const document = await functionOf(context, body, task)
    if (body['schedule'] !== undefined && body['schedule'] !== null)
      throw invalid('Schedules are not served by this version of the server; submit the task without one.')
    return { data: await submitTask(context, call, { task, document }) }
  }),
]

/** The function of a task, with what the request overrides. */
async function functionOf(context: MlrunContext, body: JsonObject, task: JsonObject): Promise<JsonObject> {
  const given = objectAt(body, 'function')
  const uri = textOf(body['functionUrl']) ?? textOf(objectAt(task, 'spec')['function'])
  if (uri === undefined || uri === '') {
    if (Object.keys(given).length > 0) return given
    throw invalid("The task names no function: give 'spec.function' as project/name@hash or project/name:tag.")
  }
  const { project, name, tag, hash } = parseFunctionReference(uri)
  const found = await findFunction(context, { project: project ?? projectOf(task), name, tag, hash })
  return merged(toFunction(found), given)
}

const projectOf = (task: JsonObject): string => textOf(objectAt(task, 'metadata')['project']) ?? 'default'

/** Makes the run's record and puts its work into the queue. The run as the client sees it. */
export async function submitTask(
  context: MlrunContext,
  call: Pick<MlrunCall, 'headers'>,
  { task, document }: { task: JsonObject; document: JsonObject },
): Promise<JsonObject> {
  const { tracking, clock } = context
  const jobs = jobsOf(context)
  const kind = textOf(document['kind']) ?? ''
  checkKind(kind)
  const project = checkProjectName(projectOf(task))
  const metadata = objectAt(task, 'metadata')
  const uid = textOf(metadata['uid']) ?? newRunId(clock.nowMs())
  const runId = runIdOf(project, uid)
  const name = textOf(metadata['name']) ?? textOf(objectAt(document, 'metadata')['name']) ?? 'run'
  const run: JsonObject = {
    ...task,
    metadata: {
      ...metadata,
      uid,
      name,
      project,
      iteration: 0,
      labels: { ...labelsFor(call, kind), ...objectAt(metadata, 'labels') },
    },
    spec: { ...withoutSecrets(objectAt(task, 'spec')) },
    status: { ...objectAt(task, 'status'), state: 'created' },
  }
  const place = context.placeOfRun(runId, project)
  // Where it says nothing, beside everything else of the run.
  objectAt(run, 'spec')['output_path'] ||= place
  const command = commandOf(withTemplates(run, { project, uid }), document)
  const incoming = { name: { project, runId, iteration: 0 }, uid, nowMs: clock.nowMs(), place, bestRunId: undefined }
  await tracking.runDocuments.change(incoming.name, (known) => ({
    ...storeDocument(withTemplates(run, { project, uid }), known, incoming),
    // What makes it a sweep are its iterations; to the queue it is one process.
    kind: 'run',
  }))
  try {
    const { program, environment, code, workingDirectory } = command
    await jobs.submit({
      runId,
      owner: textOf(objectAt(run, 'metadata', 'labels')['owner']) ?? 'unknown',
      task: { name, project, program, environment, ...limitsOf(run, document) },
      commandLine: ['mlrun', 'run', name],
      ...(code === undefined ? {} : { code }),
      secrets: inlineSecrets(objectAt(task, 'spec')),
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
    })
  } catch (error) {
    if (isAppError(error)) await refuse(context, runId, error)
    throw error
  }
  const [record] = await tracking.runs.getMany([runId])
  return toRun(record!, (await tracking.runDocuments.ofRuns([runId])).get(runId))
}

const refuse = ({ tracking }: MlrunContext, runId: string, error: AppError): Promise<void> =>
  tracking.reported.setState(runId, { state: 'failed', reason: error.message })

function jobsOf({ jobs }: MlrunContext) {
  if (jobs) return jobs
  throw new MlrunError(
    403,
    'This server takes no jobs: everybody who reaches it could run programs on it. Start it with --token.',
  )
}

function labelsFor({ headers }: Pick<MlrunCall, 'headers'>, kind: string): JsonObject {
  const [version, python] = [headers['x-mlrun-client-version'], headers['x-mlrun-client-python-version']]
  return {
    kind: kind === '' ? 'job' : kind,
    ...(typeof version === 'string' ? { 'mlrun/client_version': version } : {}),
    ...(typeof python === 'string' ? { 'mlrun/client_python_version': python } : {}),
  }
}

/** Given by value: they travel sealed, and reach the process as its variables. */
function inlineSecrets({ secret_sources: sources }: JsonObject): Record<string, string> {
  const values: Record<string, string> = {}
  for (const each of Array.isArray(sources) ? sources : []) {
    const { kind, source } = objectAt(each)
    if (kind !== 'inline') continue
    for (const [name, value] of Object.entries(objectAt(source)))
      if (typeof value === 'string' && /^[A-Za-z_]\w*$/.test(name)) values[name] = value
  }
  return values
}

/** Values of secrets that were given by value have no place in a record. */
function withoutSecrets(spec: JsonObject): JsonObject {
  const { secret_sources: sources, ...rest } = spec
  if (!Array.isArray(sources)) return spec
  const kept = sources.filter((each) => isObject(each) && each['kind'] !== 'inline')
  return kept.length === 0 ? rest : { ...rest, secret_sources: kept }
}

/** `{{run.uid}}` and `{{project}}` in the output path. */
function withTemplates(run: JsonObject, { project, uid }: { project: string; uid: string }): JsonObject {
  const spec = objectAt(run, 'spec')
  const path = textOf(spec['output_path'])
  if (path === undefined) return run
  const filled = path.replaceAll('{{run.uid}}', uid).replaceAll(/\{\{(?:run\.)?project\}\}/g, project)
  return { ...run, spec: { ...spec, output_path: filled } }
}
