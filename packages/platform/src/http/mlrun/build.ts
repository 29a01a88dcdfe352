import { isEndpoint, type JsonObject, type JsonValue } from '@trainyard/contract'
import { buildStateOf } from '../../builds/index.ts'
import {
  fromFunctionDocument,
  type FunctionDocument,
  type FunctionVersion,
  printFunctionReference,
  requirementsOf,
  toVersion,
} from '../../functions/index.ts'
import { findBuiltImage, keepBuiltImage } from './built-images.ts'
import { documentIn } from './document-in.ts'
import { findFunction } from './functions.ts'
import { invalid, missing } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { functionName } from './names.ts'
import { Answer, type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { nameIn } from './stored-records.ts'
import { jobsOf } from './submit.ts'

/**
 * Functions run as processes of the server's machine. What is built of one that asks for packages is the cached environment of those
 * with the client itself; it goes by the name of an image, and functions of that image run in it. Others are ready at once.
 */
export const buildRoutes: readonly Route[] = [
  route('POST', 'build/function', beginBuild),
  route('GET', 'build/status', readStatus),
  route('GET', 'projects/:project/nuclio/:name/deploy', readDeployment),
]

async function beginBuild(context: MlrunContext, call: MlrunCall): Promise<object> {
  const body = documentIn(call, "an object with a 'function'")
  const written = objectAt(body, 'function')
  const metadata = objectAt(written, 'metadata')
  const name = functionName(nameIn(body, 'function', 'metadata', 'name'))
  const [project, tag] = [textOf(metadata['project']) ?? 'default', textOf(metadata['tag']) ?? 'latest']
  const document: FunctionDocument = { ...written, metadata: { ...metadata, name, project } }
  const save = (status: JsonObject, image?: string): Promise<FunctionVersion> =>
    context.functions.save({
      project,
      document: image === undefined ? document : { ...document, spec: { ...objectAt(document, 'spec'), image } },
      tags: [tag],
      versioned: false,
      status,
    })
  if (!needsBuild(document)) return { data: await readyOf(save, objectAt(written, 'status')), ready: true }
  // Builds run commands, as jobs do.
  jobsOf(context)
  const image = textOf(objectAt(written, 'spec', 'build')['image']) ?? `trainyard/${project}-${name}:${tag}`
  const asked = requirementsOf(fromFunctionDocument(document))
  const client = clientOf(call, body)
  const known = await findBuiltImage(context, project, image)
  if (body['skip_deployed'] === true && known?.build !== undefined && known.asked.join('\n') === asked.join('\n'))
    return { data: await readyOf((state) => save(state, image), { build: known.build }), ready: true }
  // Before anything is kept: what is refused leaves nothing behind.
  using place = context.builds.reserve(printFunctionReference({ project, name, tag }))
  // A job that does not wait for the build finds what it needs, and waits for the environment itself.
  if (known === undefined) await keepBuiltImage(context, project, { image, asked, requirements: [...asked, client] })
  const version = await save(known?.build === undefined ? {} : { build: known.build }, image)
  const secrets = variablesOf(body['builder_env'])
  place.start(version, { what: 'environment', runner: [client], secrets, force: body['force_build'] === true }, (record) =>
    keepBuiltImage(context, project, { image, asked, requirements: record.requirements ?? [], build: record }),
  )
  return { data: { ...version.document, status: { state: 'running' } }, ready: false }
}

const readyOf = async (save: (status: JsonObject) => Promise<FunctionVersion>, status: JsonObject): Promise<JsonObject> => {
  const ready = { ...status, state: 'ready' }
  return { ...(await save(ready)).document, status: ready }
}

function needsBuild(document: FunctionDocument): boolean {
  const spec = fromFunctionDocument(document)
  return (spec.requirements ?? []).length > 0 || (spec.commands ?? []).length > 0
}

/** What carries a function out is of the version that asks, or of the one that it wishes. */
function clientOf({ headers }: MlrunCall, body: JsonObject): string {
  const wished = textOf(body['mlrun_version_specifier'])
  if (wished !== undefined && !/^\d/.test(wished)) return wished
  const version = wished ?? headers['x-mlrun-client-version']
  return typeof version === 'string' && /^[1-9]\d*(?:\.\d+)+(?:-?rc\d+)?$/.test(version) ? `mlrun==${version}` : 'mlrun'
}

const variablesOf = (value: JsonValue | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(objectAt(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))

/** Nothing is deployed by us: a function whose command is an address is there already, and its client calls it. */
async function readDeployment(context: MlrunContext, { params, query }: MlrunCall): Promise<Answer> {
  const { project = '', name = '' } = params
  const { body } = await findFunction(context, { project, name, tag: query.text('tag') })
  const address = textOf(objectAt(body, 'spec')['command'])
  if (address === undefined || !isEndpoint(address))
    throw missing(`Function ${project}/${name} is not deployed: give it the address of its server as command.`)
  return new Answer(200, '', {
    'content-type': 'text/plain; charset=utf-8',
    'x-mlrun-function-status': 'ready',
    'x-mlrun-last-timestamp': '0.0',
  })
}

async function readStatus(context: MlrunContext, { query }: MlrunCall): Promise<Answer> {
  const [name, project, tag] = [query.text('name'), query.text('project'), query.text('tag')]
  if (name === undefined) throw invalid("The parameter 'name' is missing: name the function.")
  const version = toVersion(await findFunction(context, { project: project ?? 'default', name, tag }))
  const state = stateOf(context, version)
  const { text } = query.flag('logs') === false ? { text: '' } : await context.builds.log(version, 0)
  // Its client counts characters, not bytes.
  return new Answer(
    200,
    Array.from(text)
      .slice(query.integer('offset') ?? 0)
      .join(''),
    {
      'content-type': 'text/plain; charset=utf-8',
      'x-mlrun-function-status': state,
      function_status: state,
      function_image: textOf(objectAt(version.document, 'spec')['image']) ?? '',
      builder_pod: '',
      'x-mlrun-last-timestamp': '0.0',
      deploy_status_text_kind: 'logs',
    },
  )
}

/** In the words of this dialect; nothing for one that needs a build and has had none. */
function stateOf({ builds }: MlrunContext, version: FunctionVersion): string {
  if (builds.isRunning(version)) return 'running'
  const { state } = buildStateOf(version.status)
  if (state === 'building') return 'running'
  return state ?? (needsBuild(version.document) ? '' : 'ready')
}
