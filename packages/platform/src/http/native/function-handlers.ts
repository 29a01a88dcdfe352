import { AppError, inferValues } from '@trainyard/contract'
import { buildStateOf } from '../../builds/index.ts'
import { parseTask } from '../../execution/index.ts'
import {
  checkFunctionDocument,
  checkHandler,
  checkCall,
  checkKind,
  compareFunctions,
  entryPointsOf,
  fromFunctionDocument,
  type FunctionDocument,
  type FunctionVersion,
  requireCode,
  toFunctionDocument,
} from '../../functions/index.ts'
import type { FunctionSpec } from '@trainyard/contract/function'
import { jobOfFunction } from '../../jobs/index.ts'
import type { CallOf, SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { checkSources, jobsOf } from './job-handlers.ts'

export const functionHandlers: SomeHandlers<
  | 'listFunctions'
  | 'saveFunction'
  | 'getFunction'
  | 'deleteFunction'
  | 'getFunctionHistory'
  | 'compareFunctions'
  | 'tagFunction'
  | 'untagFunction'
  | 'runFunction'
  | 'buildFunction'
  | 'getFunctionBuild'
> = {
  listFunctions: ({ functions }, { query: { label, kind, state, versions, ...query } }) =>
    functions.list({
      ...query,
      ...(label === undefined ? {} : { labels: label }),
      ...(kind === undefined ? {} : { types: kind }),
      ...(state === undefined ? {} : { states: state }),
      newestOnly: versions !== true && query.tag === undefined,
    }),
  saveFunction: async ({ functions }, { body: { spec, document, ...request }, caller }) =>
    await functions.save({ ...request, document: documentOf(request.project, spec, document), by: caller.by }),
  getFunction: ({ functions }, { path, query: { project, ...version } }) =>
    functions.get({ name: path.name, ...version }, project),
  deleteFunction: async ({ functions }, { path, query: { project, ...version } }) => ({
    deleted: await functions.delete({ name: path.name, ...version }, project),
  }),
  getFunctionHistory: async ({ functions }, { path, query }) => ({ moves: await functions.history(path.name, query.project) }),
  compareFunctions: async ({ functions }, { path, body: { project, before, after } }) => {
    const [one, other] = [
      await functions.get({ name: path.name, ...before }, project),
      await functions.get({ name: path.name, ...after }, project),
    ]
    return compareFunctions(one.document, other.document)
  },
  tagFunction: ({ functions }, { path, body: { project, ...version }, caller }) =>
    functions.tag({ name: path.name, ...version }, project, path.tag, caller.by),
  untagFunction: async ({ functions }, { path, query, caller }) => ({
    removed: await functions.untag(path.name, query.project, path.tag, caller.by),
  }),
  runFunction: async (context, call) => ({ run: await submitRun(context, call) }),
  buildFunction: async (context, { path, body: { project, tag, hash, ...request } }) => {
    // Builds run commands, as jobs do.
    jobsOf(context)
    const version = await versionOf(context, path.name, { project, tag, hash })
    // One that is under way goes on.
    if (!context.builds.isRunning(version)) context.builds.start(version, request)
    return await buildOf(context, version, 0)
  },
  getFunctionBuild: async (context, { path, query: { offset = 0, ...place } }) =>
    await buildOf(context, await versionOf(context, path.name, place), offset),
}

/** A specification or a document, checked; what its code says of handlers is added where nobody said it. */
function documentOf(project: string, spec: FunctionSpec | undefined, document: FunctionDocument | undefined): FunctionDocument {
  if ((spec === undefined) === (document === undefined))
    throw new AppError('invalid_argument', 'The body: give either spec or document.')
  const given = document && checkFunctionDocument(document, 'The document')
  const read = spec ?? fromFunctionDocument(given!)
  if (spec?.kind !== undefined) checkKind(spec.kind, 'The function')
  const described: FunctionSpec = {
    ...read,
    ...(read.code === undefined || read.entryPoints !== undefined
      ? {}
      : { entryPoints: entryPointsOf(read.code, read.codeFile ?? 'function.py') }),
  }
  requireCode(described)
  checkHandler(described)
  return toFunctionDocument(described, { project, ...(given === undefined ? {} : { base: given }) })
}

const versionOf = ({ functions }: NativeContext, name: string, { project, tag, hash }: Place): Promise<FunctionVersion> =>
  functions.get({ name, ...(tag === undefined ? {} : { tag }), ...(hash === undefined ? {} : { hash }) }, project)

async function buildOf({ builds, functions }: NativeContext, version: FunctionVersion, offset: number) {
  const isRunning = builds.isRunning(version)
  const { text, next } = await builds.log(version, offset)
  const { project, name, hash, isVersioned, tags } = version
  const place = isVersioned ? { hash } : { tag: tags[0] ?? 'latest' }
  const { status, reference } = await functions.get({ name, ...place }, project)
  const told = buildStateOf(status)
  const build = status?.['build']
  return {
    reference,
    isRunning,
    state: isRunning ? 'building' : told.state,
    reason: isRunning ? null : told.reason,
    build: typeof build === 'object' && build !== null && !Array.isArray(build) ? build : null,
    log: text,
    offset: next,
  }
}

interface Place {
  project: string
  tag?: string | undefined
  hash?: string | undefined
}

async function submitRun(context: NativeContext, { path, body, caller }: CallOf<'runFunction'>) {
  const { project, tag, hash, task, commandLine, ...request } = body
  const version = await versionOf(context, path.name, { project, tag, hash })
  const jobs = jobsOf(context)
  const told = task === undefined ? {} : checkSources(await parseTask(task, 'The task'))
  const typed = body.parameterTexts
  const asked = typed === undefined ? told : { ...told, parameters: { ...inferValues(typed), ...told.parameters } }
  checkCall(version.spec, asked)
  const { runId } = await jobs.submit({
    ...request,
    ...jobOfFunction(version, asked),
    owner: caller.by,
    commandLine: commandLine ?? [caller.via],
  })
  return await context.tracking.runs.get(runId)
}
