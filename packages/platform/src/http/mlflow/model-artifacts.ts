import type { JsonObject, JsonValue } from '@trainyard/contract'
import type { LoggedModelRecord } from '../../tracking/index.ts'
import type { MlflowContext } from './route.ts'

/** A file of a few kilobytes; one beyond this is none. */
const largestDescriptionBytes = 1_000_000

/** A logged model is a model among the artifacts of its run, for everybody who reads records. Repeats change nothing. */
export async function recordLoggedModel(context: MlflowContext, model: LoggedModelRecord): Promise<void> {
  if (model.sourceRunId === null) return
  await recordModel(context, {
    runId: model.sourceRunId,
    key: model.name,
    place: await context.places.ofModel(model),
    facts: { modelId: model.id },
  })
}

/** A folder with a model in it, which older clients put among the files of its run. */
export async function recordRunModel(context: MlflowContext, runId: string, path: string): Promise<void> {
  const run = await context.tracking.runs.find(runId)
  if (!run || path === '') return
  await recordModel(context, { runId, key: path, place: `${run.outPath.replace(/\/+$/, '')}/${path}`, facts: {} })
}

async function recordModel(
  { tracking, places, clock }: MlflowContext,
  { runId, key, place, facts }: { runId: string; key: string; place: string; facts: JsonObject },
): Promise<void> {
  const run = await tracking.runs.find(runId)
  if (!run) return
  const known = await tracking.artifacts.ofRun(runId)
  if (known.some(({ kind, target }) => kind === 'model' && target === place)) return
  const description = await readDescription(places, place)
  // Nothing was uploaded there: a model that lives elsewhere.
  if (description === undefined) return
  const { framework, ...told } = factsOf(description)
  await tracking.artifacts.add({
    runId,
    project: run.project,
    iteration: run.iteration,
    key,
    kind: 'model',
    target: place,
    ...(await places.describe(place)),
    ...(framework === undefined ? {} : { labels: { framework } }),
    metadata: { ...facts, ...(framework === undefined ? {} : { framework }), ...told },
    createdAtMs: clock.nowMs(),
  })
}

/** What `MLmodel` says; undefined when there is none, empty when it cannot be read. */
async function readDescription(places: MlflowContext['places'], place: string): Promise<JsonObject | undefined> {
  const store = await places.open(place)
  const info = await store.head('MLmodel')
  if (!info) return undefined
  if ((info.sizeBytes ?? 0) > largestDescriptionBytes) return {}
  const pieces: Uint8Array[] = []
  for await (const piece of (await store.get('MLmodel')).stream) pieces.push(piece as Uint8Array)
  const { load } = await import('js-yaml')
  try {
    const read: unknown = load(Buffer.concat(pieces).toString())
    return isObject(read) ? read : {}
  } catch {
    // The client's own file: its model is a model all the same.
    return {}
  }
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

function factsOf(description: JsonObject): { framework?: string; inputs?: JsonValue; outputs?: JsonValue } {
  const { flavors, signature } = description
  const framework = isObject(flavors) ? Object.keys(flavors).find((name) => name !== 'python_function') : undefined
  const inputs = isObject(signature) ? columnsOf(signature['inputs']) : undefined
  const outputs = isObject(signature) ? columnsOf(signature['outputs']) : undefined
  return {
    ...(framework === undefined ? {} : { framework }),
    ...(inputs === undefined ? {} : { inputs }),
    ...(outputs === undefined ? {} : { outputs }),
  }
}

/** Columns of a table by name and type; a tensor has none and is told as it is. */
function columnsOf(text: JsonValue | undefined): JsonValue[] | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const read: unknown = JSON.parse(text)
    if (!Array.isArray(read)) return undefined
    return (read as JsonValue[]).map((column, at) =>
      isObject(column) && typeof column['type'] === 'string'
        ? {
            name: typeof column['name'] === 'string' ? column['name'] : String(at),
            type: nameOfType(column['type'], column['tensor-spec']),
          }
        : column,
    )
  } catch {
    return undefined
  }
}

function nameOfType(type: string, tensor: JsonValue | undefined): string {
  if (!isObject(tensor)) return type
  const { dtype } = tensor
  return `${typeof dtype === 'string' ? dtype : type} ${JSON.stringify(tensor['shape'])}`
}
