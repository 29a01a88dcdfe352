import { isAppError } from '@trainyard/contract'
import type { FileOwner, MigrationSource, SourceExperiment, SourceFile, SourceModel, SourcePoint, SourceRun } from '../source.ts'
import { toExperiment, toLoggedModel, toModel, toRun, toVersion } from './rest-messages.ts'
import { type JsonMessage, type RestClient, type RestOptions, createRestClient } from './rest-client.ts'
import { isOn, listOf, numberOf, optionalNumber, textOf } from './wire-fields.ts'

const api = '/api/2.0/mlflow'
const runsPerPage = 100
const pointsPerPage = 10_000

/** An MLflow tracking server, or one of ours, over its REST protocol. `unavailable` at once when nobody answers there. */
export async function openRestSource(address: string, options: RestOptions): Promise<MigrationSource> {
  const client = createRestClient(address, options)
  await client.send('POST', `${api}/experiments/search`, { max_results: 1, view_type: 'ALL' })
  return {
    name: client.name,
    notes: ['Over REST infinite metric values read as ±1.797e308, the way the server tells them.'],
    experiments: () => experiments(client),
    runs: ({ id }) => runs(client, id),
    history: (run) => history(client, run),
    loggedModels: ({ id }) => loggedModels(client, id),
    // Told in the documentation.
    traces: async function* () {},
    models: () => models(client),
    files: (owner) => files(client, owner),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** All pages of a list. `ask` gets the token of the page, undefined for the first. */
async function* pages(
  ask: (token: string | undefined) => Promise<JsonMessage>,
  list: string,
): AsyncGenerator<ReturnType<typeof listOf>> {
  let token: string | undefined
  do {
    const page = await ask(token)
    yield listOf(page, list)
    const next = textOf(page, 'next_page_token')
    // A server that gives the same token for ever would never be done with.
    token = next === '' || next === token ? undefined : next
  } while (token !== undefined)
}

const pageToken = (token: string | undefined) => (token === undefined ? {} : { page_token: token })

async function* experiments(client: RestClient): AsyncGenerator<SourceExperiment> {
  const ask = (token: string | undefined) =>
    client.send('POST', `${api}/experiments/search`, { max_results: 1000, view_type: 'ALL', ...pageToken(token) })
  // Oldest first, so that ids that are given anew come in the same order.
  const found: SourceExperiment[] = []
  for await (const page of pages(ask, 'experiments')) found.push(...page.map(toExperiment))
  yield* found.sort((left, right) => left.createdAtMs - right.createdAtMs || Number(left.id) - Number(right.id))
}

async function* runs(client: RestClient, experimentId: string): AsyncGenerator<SourceRun> {
  const ask = (token: string | undefined) =>
    client.send('POST', `${api}/runs/search`, {
      experiment_ids: [experimentId],
      run_view_type: 'ALL',
      max_results: runsPerPage,
      order_by: ['attributes.start_time ASC'],
      ...pageToken(token),
    })
  for await (const page of pages(ask, 'runs')) yield* page.map(toRun)
}

async function* history(client: RestClient, run: SourceRun): AsyncGenerator<SourcePoint[]> {
  for (const { key } of run.latest) {
    const ask = (token: string | undefined) =>
      // Without a number some servers answer with an empty page and a token.
      client.get(`${api}/metrics/get-history`, {
        run_id: run.id,
        metric_key: key,
        max_results: pointsPerPage,
        page_token: token,
      })
    for await (const page of pages(ask, 'metrics'))
      yield page.map((point) => ({
        key,
        step: numberOf(point, 'step'),
        timeMs: numberOf(point, 'timestamp'),
        value: optionalNumber(point, 'value') ?? Number.NaN,
      }))
  }
}

async function* loggedModels(client: RestClient, experimentId: string) {
  const ask = (token: string | undefined) =>
    client.send('POST', `${api}/logged-models/search`, { experiment_ids: [experimentId], max_results: 50, ...pageToken(token) })
  try {
    for await (const page of pages(ask, 'models')) yield* page.map(toLoggedModel)
  } catch (error) {
    // Servers before 3.0 have no logged models.
    if (!isAppError(error, 'not_found')) throw error
  }
}

/** Prompts are registered models that a search passes over unless it asks for them. */
async function* models(client: RestClient): AsyncGenerator<SourceModel> {
  const seen = new Set<string>()
  for (const filter of [undefined, "tags.`mlflow.prompt.is_prompt` = 'true'"]) {
    const ask = (token: string | undefined) =>
      client.get(`${api}/registered-models/search`, { max_results: 100, filter, page_token: token })
    for await (const page of pages(ask, 'registered_models')) {
      for (const message of page) {
        const name = textOf(message, 'name')
        if (seen.has(name)) continue
        seen.add(name)
        yield toModel(message, await versionsOf(client, name, filter !== undefined))
      }
    }
  }
}

async function versionsOf(client: RestClient, name: string, isPrompt: boolean): Promise<SourceModel['versions']> {
  const quoted = name.includes("'") ? `"${name}"` : `'${name}'`
  const filter = `name=${quoted}${isPrompt ? " AND tags.`mlflow.prompt.is_prompt` = 'true'" : ''}`
  const ask = (token: string | undefined) =>
    client.get(`${api}/model-versions/search`, { filter, max_results: 1000, page_token: token })
  const found: SourceModel['versions'][number][] = []
  for await (const page of pages(ask, 'model_versions')) {
    for (const message of page) {
      const version = toVersion(message)
      const location = await client
        .get(`${api}/model-versions/get-download-uri`, { name, version: version.version })
        .catch(unlessRefused)
      found.push({ ...version, storageLocation: textOf(location ?? {}, 'artifact_uri') || null })
    }
  }
  return found
}

const unlessRefused = (error: unknown): undefined => {
  if (!isAppError(error) || error.code === 'unavailable') throw error
  return undefined
}

interface FileRoutes {
  list(path: string, token: string | undefined): Promise<JsonMessage>
  open(path: string): Promise<AsyncIterable<Uint8Array>>
}

/** The server reads the bytes, wherever they lie: no key of a bucket is needed here. */
function routesOf(client: RestClient, owner: FileOwner): FileRoutes {
  if (owner.kind === 'run')
    return {
      list: (path, token) =>
        client.get(`${api}/artifacts/list`, { run_id: owner.id, path: path || undefined, page_token: token }),
      open: (path) => client.download('/get-artifact', { run_id: owner.id, path }),
    }
  const root = `/logged-models/${encodeURIComponent(owner.id)}/artifacts`
  return {
    list: (path, token) =>
      client.get(`${api}${root}/directories`, { artifact_directory_path: path || undefined, page_token: token }),
    open: (path) => client.download(`/ajax-api/2.0/mlflow${root}/files`, { artifact_file_path: path }),
  }
}

async function* files(client: RestClient, owner: FileOwner): AsyncGenerator<SourceFile> {
  const { list, open } = routesOf(client, owner)
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const inside = folder
    for await (const page of pages((token) => list(inside, token), 'files')) {
      for (const file of page) {
        const path = textOf(file, 'path')
        // What is not below the folder that was asked for would be walked for ever.
        if (path === folder || !path.startsWith(folder)) continue
        if (isOn(file, 'is_dir')) folders.push(path)
        else yield { path, sizeBytes: optionalNumber(file, 'file_size') ?? 0, open: () => open(path) }
      }
    }
  }
}
