import { AppError, isAppError, isJsonObject, type JsonObject, nearestName } from '@trainyard/contract'
import type { Definitions } from '../definitions/index.ts'
import { fetchSource, parseGitSource, type SourceOptions } from '../functions/index.ts'
import { type Catalogue, readCatalogue } from './catalogue.ts'
import { checkHubSource } from './check-source.ts'
import { fetchItem, readItemFile } from './fetch-item.ts'
import { parseHubReference } from './hub-reference.ts'
import type { Hub, HubFinding, HubItem, HubSource } from './hub.ts'
import { ownShelf } from './own-shelf.ts'
import { textFetcher } from './read-text.ts'

export interface HubOptions {
  /** Where the list of sources is kept; without it there are only those that are always there. */
  definitions?: Definitions
  /** How repositories are fetched, and where code is kept. */
  sources: SourceOptions
}

/** The kind and the project under which MLRun's clients see the same sources. */
const kind = 'hub-source'
const project = 'default'

const builtIn = (): HubSource[] => [
  { name: 'trainyard', description: 'Functions that come with Trainyard', path: ownShelf(), channel: 'master', isBuiltIn: true },
  {
    name: 'default',
    description: 'The public hub of MLRun',
    path: 'https://mlrun.github.io/marketplace',
    channel: 'master',
    isBuiltIn: true,
  },
]

export function createHub({ definitions, sources: options }: HubOptions): Hub {
  const fetchText = textFetcher(options)
  const read = async (source: HubSource): Promise<Catalogue> => {
    // Ours, whoever asks.
    if (source.path === ownShelf()) return await readCatalogue(source, source.path, fetchText)
    const repository = parseGitSource(source.path) !== undefined
    const isWeb = /^https?:/.test(source.path) && !repository
    const root = isWeb ? source.path.replace(/\/+$/, '') : (await fetchSource(source.path, options)).folder
    return await readCatalogue(source, root, fetchText)
  }
  const sources = async (): Promise<HubSource[]> => [...(await stored(definitions)), ...builtIn()]
  const source = async (name: string): Promise<HubSource> => {
    const all = await sources()
    const found = all.find((each) => each.name === name)
    if (!found) throw new AppError('not_found', `There is no hub ${name}; there are ${all.map((each) => each.name).join(', ')}.`)
    return found
  }
  const look = async (reference: string): Promise<HubFinding> => {
    const wanted = parseHubReference(reference)
    const names = new Set<string>()
    const unreachable = new Map<HubSource, string>()
    for (const each of wanted.source === undefined ? await sources() : [await source(wanted.source)]) {
      let catalogue: Catalogue
      try {
        catalogue = await read(each)
      } catch (error) {
        if (!isAppError(error) || wanted.source !== undefined) throw error
        unreachable.set(each, error.message)
        continue
      }
      for (const name of catalogue.keys()) names.add(name)
      const versions = catalogue.get(wanted.name)
      if (versions === undefined) continue
      const item = versions.get(wanted.tag)
      if (item) return { item }
      const has = newest(versions).versions.join(', ')
      const sentence = `The hub ${each.name} has no version ${wanted.tag} of ${wanted.name}; it has ${has}.`
      return { item: undefined, reason: new AppError('not_found', sentence), unreachable: [] }
    }
    const reason = noSuchItem(wanted.name, names, [...unreachable.values()])
    return { item: undefined, reason, unreachable: [...unreachable.keys()] }
  }
  const hub: Hub = {
    sources,
    add: async (given) => {
      const made: HubSource = { description: '', channel: 'master', ...given, isBuiltIn: false }
      if (!/^[A-Za-z0-9][\w.-]{0,62}$/.test(made.name))
        throw new AppError(
          'invalid_argument',
          `'${made.name.slice(0, 60)}' cannot be the name of a hub: use letters, digits, dots and dashes.`,
        )
      if (builtIn().some(({ name }) => name === made.name))
        throw new AppError('permission_denied', `The hub ${made.name} is always there and cannot be replaced.`)
      if (!definitions) throw new AppError('failed_precondition', 'Hubs are added where the data directory is.')
      checkHubSource(made)
      await read(made)
      const document = toDocument(made)
      const body = { kind, metadata: { labels: {} }, document }
      await definitions.save({ project, kind, name: made.name, body, tags: ['latest'], versioned: false, status: null })
      return made
    },
    remove: async (name) => {
      if ((await source(name)).isBuiltIn) throw new AppError('permission_denied', `The hub ${name} is always there.`)
      await definitions?.delete({ project, kind, name })
    },
    list: async ({ source: only, search } = {}) => {
      const items: HubItem[] = []
      const unreachable: string[] = []
      for (const each of only === undefined ? await sources() : [await source(only)]) {
        try {
          for (const versions of (await read(each)).values()) items.push(newest(versions))
        } catch (error) {
          if (!isAppError(error) || only !== undefined) throw error
          unreachable.push(error.message)
        }
      }
      return { items: search === undefined ? items : items.filter((item) => matches(item, search)), unreachable }
    },
    versions: async (name) => Array.from((await read(await source(name))).values()).flatMap((each) => Array.from(each.values())),
    find: async (reference) => {
      const found = await look(reference)
      if (found.item === undefined) throw found.reason
      return found.item
    },
    look,
    fetch: (item) => fetchItem(item, { cacheFolder: options.cacheFolder, fetchText }),
    read: (item, name) => readItemFile(item, name, fetchText),
  }
  return hub
}

const newest = (versions: ReadonlyMap<string, HubItem>): HubItem =>
  versions.get('latest') ?? Array.from(versions.values()).at(-1)!

/** Every word somewhere in name, description or categories. */
function matches({ name, description, categories }: HubItem, search: string): boolean {
  const text = [name, name.replaceAll('_', ' '), description, ...categories].join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

function noSuchItem(name: string, names: ReadonlySet<string>, unreachable: readonly string[]): AppError {
  const nearest = nearestName(name, names)
  const close = Array.from(names).filter((each) => each !== nearest && (each.includes(name) || name.includes(each)))
  const likely = [...(nearest === undefined ? [] : [nearest]), ...close].slice(0, 5)
  const hint = likely.length > 0 ? `did you mean ${likely.join(' or ')}?` : 'trainyard hub ls lists what there is'
  const missed = unreachable.length === 0 ? '' : ` (${unreachable.join(' ')})`
  return new AppError('not_found', `No hub has an item ${name.slice(0, 60)}: ${hint}${missed}`)
}

/** The form in which MLRun's client adds and reads sources. */
const toDocument = ({ name, description, path, channel }: HubSource): JsonObject => ({
  index: 1,
  source: {
    kind: 'HubSource',
    metadata: { name, description, labels: {} },
    spec: { path, channel, credentials: {}, object_type: 'functions' },
    status: { state: 'created' },
  },
})

/** The place in the order that MLRun's client asked for; everything else goes first. */
const indexOf = ({ index }: JsonObject): number => (typeof index === 'number' && index > 0 ? index : 1)

async function stored(definitions: Definitions | undefined): Promise<HubSource[]> {
  if (!definitions) return []
  const { definitions: found } = await definitions.list({ kind, project, tag: '*', limit: 1_000 })
  return found
    .map(({ name, body, createdAtMs }) => ({
      name,
      createdAtMs,
      document: isJsonObject(body['document']) ? body['document'] : {},
    }))
    .toSorted((one, other) => indexOf(one.document) - indexOf(other.document) || other.createdAtMs - one.createdAtMs)
    .flatMap(({ name, document }) => {
      const source = isJsonObject(document['source']) ? document['source'] : {}
      const spec = isJsonObject(source['spec']) ? source['spec'] : {}
      const { path, channel } = spec
      const metadata = isJsonObject(source['metadata']) ? source['metadata'] : {}
      if (typeof path !== 'string') return []
      return [
        {
          name,
          path,
          channel: typeof channel === 'string' && channel !== '' ? channel : 'master',
          description: typeof metadata['description'] === 'string' ? metadata['description'] : '',
          isBuiltIn: false,
        },
      ]
    })
}
