import { type AppError, isAppError, type JsonObject, newRunId } from '@trainyard/contract'
import { parseFunctionReference } from '../../functions/index.ts'
import { findBuiltImage } from './built-images.ts'
import { findFunction, toFunction } from './functions.ts'
import { invalid, MlrunError } from './errors.ts'
import { commandOf, checkKind, limitsOf } from './job-command.ts'
import { labelsOf, objectAt, textOf } from './json.ts'
import type { Jobs, NewJob } from '../../jobs/index.ts'
import { notificationsOf } from './notifications.ts'
import { checkProjectName, runIdOf } from './names.ts'
import type { MlrunCall, MlrunContext } from './route.ts'
import { storeDocument } from './run-document.ts'
import { toRun } from './run-view.ts'
import { merged } from './stored-records.ts'
import { withoutSecrets } from './without-secrets.ts'

/** The function of a task, with what the request overrides. */
export async function functionOf(context: MlrunContext, body: JsonObject, task: JsonObject): Promise<JsonObject> {
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

type AskedTask = { task: JsonObject; document: JsonObject }

/** The run of a task, as it is kept: with the labels of this server and without values of secrets. */
function runOf(call: Pick<MlrunCall, 'headers'>, { task, document }: AskedTask): JsonObject {
  const kind = textOf(document['kind']) ?? ''
  checkKind(kind)
  const project = checkProjectName(projectOf(task))
  const metadata = objectAt(task, 'metadata')
  const name = textOf(metadata['name']) ?? textOf(objectAt(document, 'metadata')['name']) ?? 'run'
  const labels = { ...labelsFor(call, kind), ...objectAt(metadata, 'labels') }
  return {
    ...task,
    kind: 'run',
    metadata: { ...metadata, name, project, iteration: 0, labels },
    spec: withoutSecrets(objectAt(task, 'spec')),
    status: { ...objectAt(task, 'status'), state: 'created' },
  }
}

/** What the queue is asked for; without a uid of the run's own, each time it is carried out is a run of its own. */
export async function planOf(context: MlrunContext, call: Pick<MlrunCall, 'headers'>, asked: AskedTask): Promise<NewJob> {
  const run = runOf(call, asked)
  const image = textOf(objectAt(asked.document, 'spec')['image'])
  const built = image === undefined ? undefined : await findBuiltImage(context, projectOf(asked.task), image)
  const { program, environment, environmentSecrets, code, workingDirectory } = commandOf(run, asked.document)
  const metadata = objectAt(run, 'metadata')
  const name = textOf(metadata['name'])!
  const labels = labelsOf(metadata['labels'])
  return {
    owner: labels['owner'] ?? 'unknown',
    task: {
      name,
      project: textOf(metadata['project'])!,
      program,
      ...(built === undefined || built.requirements.length === 0 ? {} : { requirements: built.requirements }),
      environment,
      ...(environmentSecrets === undefined ? {} : { environmentSecrets }),
      parameters: objectAt(run, 'spec', 'parameters'),
      labels,
      ...limitsOf(run, asked.document),
    },
    commandLine: ['mlrun', 'run', name],
    secrets: inlineSecrets(objectAt(asked.task, 'spec')),
    ...(code === undefined ? {} : { code }),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
  }
}

/** Makes the run's record and puts its work into the queue. The run as the client sees it. */
export async function submitTask(context: MlrunContext, call: Pick<MlrunCall, 'headers'>, asked: AskedTask): Promise<JsonObject> {
  const { tracking, clock, notifications } = context
  const jobs = jobsOf(context)
  const project = checkProjectName(projectOf(asked.task))
  const uid = textOf(objectAt(asked.task, 'metadata')['uid']) ?? newRunId(clock.nowMs())
  const runId = runIdOf(project, uid)
  await refuseKnown(context, runId, `${project}/${uid}`)
  const place = context.placeOfRun(runId, project)
  const task = withPlace(asked.task, { project, uid, place })
  const plan = await planOf(context, call, { task, document: asked.document })
  const told = notificationsOf(objectAt(task, 'spec')['notifications'])
  const incoming = { name: { project, runId, iteration: 0 }, uid, nowMs: clock.nowMs(), place, bestRunId: undefined }
  await tracking.runDocuments.change(incoming.name, (known) => ({
    ...storeDocument(runOf(call, { task, document: asked.document }), known, incoming),
    // What makes it a sweep are its iterations; to the queue it is one process.
    kind: 'run',
  }))
  try {
    if (told.length > 0) await notifications.attach(runId, told)
    await jobs.submit({ ...plan, runId })
  } catch (error) {
    // Asked for twice at the same time: the other one's job is there, and goes on.
    if (isAppError(error) && (await jobs.find(runId)) === undefined) await refuse(context, runId, error)
    throw error
  }
  const [record] = await tracking.runs.getMany([runId])
  return toRun(record!, (await tracking.runDocuments.ofRuns([runId])).get(runId))
}

/** A client that asks once more, since it got no answer, must not take a run back that is at work or has ended. */
async function refuseKnown({ tracking }: MlrunContext, runId: string, shown: string): Promise<void> {
  const known = await tracking.runs.find(runId)
  if (known === undefined || known.state === 'created' || known.trashedAtMs !== null) return
  throw new MlrunError(409, `Run ${shown} is ${known.state} already; a task that is submitted again needs a uid of its own.`)
}

const refuse = ({ tracking }: MlrunContext, runId: string, error: AppError): Promise<void> =>
  tracking.reported.setState(runId, { state: 'failed', reason: error.message })

export function jobsOf({ jobs }: MlrunContext): Jobs {
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

/** With its own uid, and with the place of its files; `{{run.uid}}` and `{{project}}` in that are filled in. */
function withPlace(task: JsonObject, { project, uid, place }: { project: string; uid: string; place: string }): JsonObject {
  const spec = objectAt(task, 'spec')
  const path = textOf(spec['output_path']) ?? place
  const filled = path.replaceAll('{{run.uid}}', uid).replaceAll(/\{\{(?:run\.)?project\}\}/g, project)
  return { ...task, metadata: { ...objectAt(task, 'metadata'), uid, project }, spec: { ...spec, output_path: filled } }
}
