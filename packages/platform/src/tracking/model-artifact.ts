import { isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import type { ObjectStore } from '../objects/index.ts'
import type { Tracking } from './tracking.ts'

/** A file of a few kilobytes; one beyond this is none. */
const largestDescriptionBytes = 1_000_000

/** How the bytes of models are reached. */
export interface ModelPlaces {
  open(place: string): Promise<ObjectStore>
  /** Size and hash of a folder and all that is below. */
  describe(place: string): Promise<{ sizeBytes?: number; sha256?: string }>
}

export interface ModelArtifact {
  runId: string
  key: string
  /** The folder with the file `MLmodel`. */
  place: string
  facts: JsonObject
  createdAtMs: number
}

/**
 * A model that an MLflow client has logged is a model among the artifacts of its run, for everybody who reads records. Repeats change
 * nothing; without a run, or without a model at that place, there is none.
 */
export async function recordModelArtifact(
  tracking: Tracking,
  places: ModelPlaces,
  { runId, key, place, facts, createdAtMs }: ModelArtifact,
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
    createdAtMs,
  })
}

/** What `MLmodel` says; undefined when there is none, empty when it cannot be read. */
async function readDescription(places: ModelPlaces, place: string): Promise<JsonObject | undefined> {
  const store = await places.open(place)
  const info = await store.head('MLmodel')
  if (!info) return undefined
  if ((info.sizeBytes ?? 0) > largestDescriptionBytes) return {}
  const pieces: Uint8Array[] = []
  for await (const piece of (await store.get('MLmodel')).stream) pieces.push(piece as Uint8Array)
  const { load } = await import('js-yaml')
  try {
    const read: unknown = load(Buffer.concat(pieces).toString())
    return isJsonObject(read) ? read : {}
  } catch {
    // The client's own file: its model is a model all the same.
    return {}
  }
}

function factsOf(description: JsonObject): { framework?: string; inputs?: JsonValue; outputs?: JsonValue } {
  const { flavors, signature } = description
  const framework = isJsonObject(flavors) ? Object.keys(flavors).find((name) => name !== 'python_function') : undefined
  const inputs = isJsonObject(signature) ? columnsOf(signature['inputs']) : undefined
  const outputs = isJsonObject(signature) ? columnsOf(signature['outputs']) : undefined
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
      isJsonObject(column) && typeof column['type'] === 'string'
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
  if (!isJsonObject(tensor)) return type
  const { dtype } = tensor
  return `${typeof dtype === 'string' ? dtype : type} ${JSON.stringify(tensor['shape'])}`
}
