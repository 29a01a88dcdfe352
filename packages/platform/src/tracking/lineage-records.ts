import { type ArtifactRecord, isAppError, type JournalInput } from '@trainyard/contract'
import { type Database, type Reader, boundValuesPerQuery } from '../database/index.ts'
import { loadArtifacts, selectArtifacts } from './artifact-loading.ts'
import { resolveArtifact } from './artifact-search.ts'
import type { LineageRecords } from './tracking.ts'

/** Inputs have no index by address: a look over those of 100,000 runs takes about 100 ms, which is asked for once per page. */
export const createLineageRecords = (database: Database): LineageRecords => ({
  readersOf: (artifacts, limit) => database.read((reader) => readersOf(reader, artifacts, limit)),
  sourcesOf: (inputs) => database.read((reader) => sourcesOf(reader, inputs)),
  readersOfDataset: ({ name, digest }, limit) =>
    database.read(async ({ kysely }) => {
      const rows = await kysely
        .selectFrom('dataset_inputs as i')
        .innerJoin('datasets as d', 'd.number', 'i.dataset')
        .innerJoin('runs as r', 'r.number', 'i.run')
        .select('r.id')
        .where('d.name', '=', name)
        .where('d.digest', '=', digest)
        .where('r.trashed_at', 'is', null)
        .orderBy('r.number', 'desc')
        .limit(limit)
        .execute()
      if (rows.length > 0) return rows.map(({ id }) => id)
      const datasets = kysely.selectFrom('datasets').select('number').where('name', '=', name).where('digest', '=', digest)
      return (await datasets.limit(1).executeTakeFirst()) === undefined ? undefined : []
    }),
})

async function readersOf(
  reader: Reader,
  artifacts: readonly ArtifactRecord[],
  limit: number,
): Promise<{ artifactId: string; runId: string }[]> {
  const found: { artifactId: string; runId: string }[] = []
  const ofHash = Map.groupBy(artifacts, ({ sha256 }) => sha256)
  const ofAddress = new Map<string, ArtifactRecord[]>()
  for (const artifact of artifacts)
    for (const url of addressesOf(artifact)) ofAddress.set(url, [...(ofAddress.get(url) ?? []), artifact])
  const artifactOf = (url: string, sha256: string | null): ArtifactRecord | undefined => {
    const same = sha256 === null ? [] : (ofHash.get(sha256) ?? [])
    const there = (ofAddress.get(url) ?? []).filter((artifact) => mayBe(artifact, sha256))
    return there.find((artifact) => same.includes(artifact)) ?? same[0] ?? there[0]
  }
  const hashes = [...ofHash.keys()].filter((hash) => hash !== null)
  const addresses = [...ofAddress.keys()]
  const most = Math.floor(boundValuesPerQuery / 3)
  for (let at = 0; at < Math.max(hashes.length, addresses.length); at += most) {
    const rows = await reader.kysely
      .selectFrom('inputs as i')
      .innerJoin('runs as r', 'r.number', 'i.run')
      .select(['r.id', 'i.url', 'i.sha256'])
      .where(({ and, or, eb }) => {
        const [some, others] = [hashes.slice(at, at + most), addresses.slice(at, at + most)]
        // An address tells only where one of both hashes is not known.
        const unhashed = others.filter((url) => ofAddress.get(url)!.some(({ sha256 }) => sha256 === null))
        return or([
          ...(some.length > 0 ? [eb('i.sha256', 'in', some)] : []),
          ...(unhashed.length > 0 ? [eb('i.url', 'in', unhashed)] : []),
          ...(others.length > 0 ? [and([eb('i.url', 'in', others), eb('i.sha256', 'is', null)])] : []),
        ])
      })
      .where('r.trashed_at', 'is', null)
      .orderBy('r.number', 'desc')
      .limit(limit)
      .execute()
    for (const { id, url, sha256 } of rows) {
      const artifact = artifactOf(url, sha256)
      if (artifact) found.push({ artifactId: artifact.id, runId: id })
    }
  }
  return found
}

/** Other bytes at the same address are another version. */
const mayBe = (artifact: ArtifactRecord, sha256: string | null | undefined): boolean =>
  (sha256 ?? null) === null || artifact.sha256 === null || artifact.sha256 === sha256

/** How people name an artifact when a run reads it: its place, or its key alone, or with the run that made it. */
const addressesOf = ({ target, project, key, runId }: ArtifactRecord): string[] => [
  target,
  ...(target.startsWith('/') ? [`file://${target}`] : []),
  ...['', 'artifacts/', 'models/', 'datasets/'].flatMap((kind) => {
    const address = `store://${kind}${project}/${key}`
    return runId === null ? [address] : [address, `${address}@${runId}`]
  }),
]

async function sourcesOf(reader: Reader, inputs: readonly JournalInput[]): Promise<Map<string, ArtifactRecord>> {
  const found = new Map<string, ArtifactRecord>()
  for (const input of inputs) {
    const now = await named(reader, input.url)
    // What was read under that name may have been an older version.
    const record = now && mayBe(now, input.sha256) ? now : await kept(reader, input)
    if (record) found.set(input.key, record)
  }
  return found
}

/** What a `store://` address names now; undefined for other addresses, and when it is gone. */
async function named(reader: Reader, url: string): Promise<ArtifactRecord | undefined> {
  const [, project, reference] = /^store:\/\/(?:(?:artifacts|models|datasets)\/)?([^/]+)\/(.+)$/.exec(url) ?? []
  if (project === undefined || reference === undefined) return undefined
  try {
    return await resolveArtifact(reader, project, reference)
  } catch (error) {
    if (isAppError(error, 'not_found')) return undefined
    throw error
  }
}

async function kept(reader: Reader, { url, sha256 }: JournalInput): Promise<ArtifactRecord | undefined> {
  const target = url.replace(/^file:\/\//, '')
  const rows = await selectArtifacts(reader)
    .where(({ or, eb }) =>
      or([eb('artifacts.target', '=', target), ...(sha256 === undefined ? [] : [eb('artifacts.sha256', '=', sha256)])]),
    )
    .where('runs.trashed_at', 'is', null)
    .orderBy('artifacts.number', 'desc')
    .limit(1)
    .execute()
  return (await loadArtifacts(reader, rows))[0]
}
