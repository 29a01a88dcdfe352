import { AppError, type ArtifactRecord, isAppError } from '@trainyard/contract'
import type { Command } from 'commander'
import { resolveArtifact } from '../artifact-reference.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { visible } from '../output/visible.ts'
import { type ModelSession, openModels, originOf, versionReference } from './model-session.ts'
import { collect, parseTags } from './tag-options.ts'

interface RegisterOptions {
  description?: string
  tag?: string[]
  alias?: string[]
  stage?: string
  reason?: string
}

export function defineRegister(command: Command, cli: Cli): void {
  const register = command
    .command('register')
    .description('Make a new version of a model from an artifact. The model is made when it is new.')
    .argument('<name>', 'the model')
    .argument('<artifact>', 'a run with one model, run/key, key, key:tag, store://… or the address of files elsewhere')
    .option('-d, --description <text>', 'what is special about this version')
    .option('-t, --tag <key=value>', 'a tag of the version; may be repeated', collect)
    .option('-a, --alias <alias>', 'an alias for it; may be repeated', collect)
    .option('-s, --stage <stage>', 'a stage for it; what is in it goes to Archived')
    .option('-r, --reason <text>', 'why, for the history')
    .action(async (name: string, what: string, options: RegisterOptions) => {
      const tags = parseTags(options.tag)
      await using session = await openModels(cli)
      const { registry, project } = session
      const version = await registry.versions.create(
        {
          project,
          name,
          ...(await originsOf(cli, session, what)),
          tags,
          aliases: options.alias ?? [],
          ...(options.stage === undefined ? {} : { stage: options.stage }),
          ...(options.description === undefined ? {} : { description: options.description }),
        },
        originOf(cli, options.reason),
        { makeModel: true },
      )
      if (cli.globals.json) return await cli.printJson(version)
      if (cli.globals.quiet) return await cli.print(versionReference(version))
      cli.note(`Registered ${visible(versionReference(version))} from ${visible(version.source)}.`)
    })
  addExamples(register, cli, [
    ['trainyard models register iris latest', 'the model of the newest run'],
    ['trainyard models register iris train/7/model --alias candidate', 'of one iteration of a sweep'],
    ['trainyard models register iris s3://bucket/iris.onnx --tag origin=vendor', 'files elsewhere'],
  ])
}

interface Origins {
  source: string
  location?: string
  runId?: string
  artifactId?: string
  loggedModelId?: string
}

const address = /^(?!store:)[a-z][a-z0-9+.-]+:/i

async function originsOf(cli: Cli, session: ModelSession, what: string): Promise<Origins> {
  const loggedModelId = /^(?:models:\/*)?(m-[0-9a-f]{32})$/.exec(what)?.[1]
  if (loggedModelId !== undefined) return await fromLoggedModel(session, loggedModelId)
  if (address.test(what)) return { source: what }
  try {
    return fromArtifact(await resolveArtifact(session.tracking, what, cli.project))
  } catch (error) {
    if (!isAppError(error, 'not_found')) throw error
    const origins = await onlyModelOf(cli, session, what)
    if (origins === undefined) throw error
    return origins
  }
}

/** A model that an MLflow client logged: it lies in a folder of its own. */
async function fromLoggedModel({ tracking, database, objectContext, directory }: ModelSession, id: string): Promise<Origins> {
  const model = await tracking.loggedModels.find(id)
  if (model === undefined) throw new AppError('not_found', `There is no logged model ${id}.`)
  const { createArtifactPlaces } = await import('../../http/mlflow/index.ts')
  const { createTraces } = await import('../../traces/index.ts')
  const places = createArtifactPlaces({
    tracking,
    traces: createTraces(database),
    objects: objectContext,
    folder: directory.artifacts,
  })
  return {
    source: `models:/${id}`,
    location: await places.ofModel(model),
    loggedModelId: id,
    ...(model.sourceRunId === null ? {} : { runId: model.sourceRunId }),
  }
}

const fromArtifact = (artifact: ArtifactRecord): Origins => ({
  source: artifact.runId === null ? artifact.target : `runs:/${artifact.runId}/${artifact.key}`,
  location: artifact.target,
  artifactId: artifact.id,
  ...(artifact.runId === null ? {} : { runId: artifact.runId }),
})

/** The one model a run made; undefined when the text names no run. */
async function onlyModelOf(cli: Cli, session: ModelSession, reference: string): Promise<Origins | undefined> {
  const { tracking } = session
  let runId: string
  try {
    runId = await tracking.runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project })
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
  const artifacts = await tracking.artifacts.ofRun(runId)
  const models = Array.from(new Map(artifacts.filter(({ kind }) => kind === 'model').map((each) => [each.key, each])).values())
  const [only, ...others] = models
  if (only !== undefined && others.length === 0) return fromArtifact(only)
  const logged = only === undefined ? await loggedBy(session, runId) : []
  if (logged.length === 1) return await fromLoggedModel(session, logged[0]!)
  const keys = logged.length > 0 ? logged : (only === undefined ? artifacts : models).map(({ key }) => `${reference}/${key}`)
  throw new AppError(
    'invalid_argument',
    only === undefined && logged.length === 0
      ? `The run ${reference} has no artifact of the kind model.`
      : `The run ${reference} has ${models.length + logged.length} models; say which.`,
    keys.length === 0 ? {} : { details: { hint: `one of ${keys.slice(0, 10).join(', ')}` } },
  )
}

/** Ids of the models that a client logged in the run. */
async function loggedBy({ tracking }: ModelSession, runId: string): Promise<string[]> {
  const links = (await tracking.loggedModels.ofRuns([runId])).get(runId) ?? []
  return links.filter(({ direction }) => direction === 'output').map(({ modelId }) => modelId)
}
