import { AppError, newRunId } from '@trainyard/contract'
import { type Transaction, boundValuesPerQuery, ensureProject } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { settleRequest } from './journal-records.ts'
import { checkName, checkValue } from './record-names.ts'
import { getRunNumber } from './run-number.ts'
import type { NewArtifact } from './tracking.ts'

/** The tag that every new version of a key takes over. */
export const latestTag = 'latest'

/** Stores a version and returns its id, or that of the version that a settled request has led to before. */
export async function addArtifact(transaction: Transaction, artifact: NewArtifact): Promise<string> {
  checkArtifact(artifact)
  const { runId, key, iteration } = artifact
  const run = runId === null ? null : await getRunNumber(transaction, runId)
  if (artifact.settles && run !== null && !(await settleRequest(transaction, run, artifact.settles)))
    return await currentOf(transaction, run, artifact)
  const project = await ensureProject(transaction, artifact.project, artifact.createdAtMs)
  if (run !== null) {
    const older = transaction.kysely.updateTable('artifacts').set({ is_current: 0 })
    await older
      .where('run', '=', run)
      .where('key', '=', key)
      .where('iteration', '=', iteration)
      .where('is_current', '=', 1)
      .execute()
  }
  const id = await nextId(transaction, { project, key }, artifact.createdAtMs)
  const { number } = await transaction.kysely
    .insertInto('artifacts')
    .values({
      id,
      project,
      key,
      kind: artifact.kind,
      run,
      iteration,
      target: artifact.target,
      format: artifact.format ?? null,
      size_bytes: artifact.sizeBytes ?? null,
      sha256: artifact.sha256 ?? null,
      metadata: JSON.stringify(artifact.metadata ?? {}),
      created_at: Math.round(artifact.createdAtMs),
      is_current: 1,
      tree: run === null ? null : treeOf(transaction, run),
    })
    .returning('number')
    .executeTakeFirstOrThrow()
  await moveTags(transaction, { project, key, number }, [latestTag, ...(artifact.tag === undefined ? [] : [artifact.tag])])
  const labels = Object.entries(artifact.labels ?? {}).map(([label, value]) => [number, label, value])
  await transaction.insertRows('artifact_labels', ['artifact', 'key', 'value'], labels)
  if (run !== null) await noteChange(transaction, 'artifacts', run)
  return id
}

/** The id of the run, of the sweep for an iteration: what all of it was made with. */
const treeOf = ({ kysely }: Transaction, run: number) =>
  kysely
    .selectFrom('runs as r')
    .leftJoin('runs as parent', 'parent.number', 'r.parent')
    .select((row) =>
      row.case().when('r.kind', '=', 'iteration').then(row.ref('parent.id')).else(row.ref('r.id')).end().as('tree'),
    )
    .where('r.number', '=', run)

/** Of versions of a key that were made in one millisecond, the later one has the higher id: elsewhere too they are in this order. */
async function nextId(
  { kysely }: Transaction,
  { project, key }: { project: number; key: string },
  atMs: number,
): Promise<string> {
  const id = newRunId(atMs)
  const newest = await kysely
    .selectFrom('artifacts')
    .select(['id', 'created_at'])
    .where('project', '=', project)
    .where('key', '=', key)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!newest || newest.created_at !== Math.round(atMs) || newest.id < id) return id
  const [fixed, tail] = [newest.id.slice(0, 17), newest.id.slice(17)]
  return `${fixed}${(BigInt(`0x${tail}`) + 1n).toString(16).padStart(tail.length, '0')}`
}

function checkArtifact({ key, tag, labels, target }: NewArtifact): void {
  checkName('artifact key', key)
  if (tag !== undefined) checkTag(tag)
  for (const [label, value] of Object.entries(labels ?? {})) checkValue('artifact label', label, value)
  if (target === '')
    throw new AppError('invalid_argument', `The artifact '${key}' has no target; give the path or URL of its bytes.`)
}

/** A tag must be readable back from a reference. */
export function checkTag(tag: string): void {
  checkName('tag', tag)
  if (/[:@#/]/.test(tag))
    throw new AppError('invalid_argument', `The tag '${tag}' holds one of : @ # /, which stand between the parts of a reference.`)
}

async function currentOf(transaction: Transaction, run: number, artifact: NewArtifact): Promise<string> {
  const row = await transaction.kysely
    .selectFrom('artifacts')
    .select('id')
    .where('run', '=', run)
    .where('key', '=', artifact.key)
    .orderBy('number', 'desc')
    .executeTakeFirst()
  if (row) return row.id
  throw new AppError(
    'failed_precondition',
    `The artifact '${artifact.key}' of run ${artifact.runId} has been dealt with already.`,
  )
}

export interface Version {
  run?: number | null
  project: number
  key: string
  number: number
}

export async function moveTags(transaction: Transaction, version: Version, tags: readonly string[]): Promise<void> {
  const rows = tags.map((tag) => [version.project, version.key, tag, version.number])
  const keys = ['project', 'key', 'tag']
  await transaction.insertRows('artifact_tags', [...keys, 'artifact'], rows, { onConflict: { replace: keys } })
}

export async function getVersion(transaction: Transaction, id: string): Promise<Version> {
  const query = transaction.kysely.selectFrom('artifacts').select(['number', 'project', 'key', 'run']).where('id', '=', id)
  const version = await query.executeTakeFirst()
  if (!version) throw new AppError('not_found', `There is no artifact with the id ${id}.`)
  return version
}

/** Of each key a run shows one link: a later one takes its place, and the tag `latest` with it. */
export async function linkArtifact(transaction: Transaction, run: number, version: Version): Promise<void> {
  await addLink(transaction, run, version)
  await moveTags(transaction, version, [latestTag])
}

/** As `linkArtifact`, and leaves the tags where they are. */
export async function addLink(transaction: Transaction, run: number, version: Version): Promise<void> {
  const { kysely } = transaction
  await kysely
    .deleteFrom('artifact_links')
    .where('run', '=', run)
    .where('artifact', 'in', (query) =>
      query
        .selectFrom('artifacts')
        .select('artifacts.number')
        .innerJoin('artifact_links as link', 'link.artifact', 'artifacts.number')
        .where('link.run', '=', run)
        .where('artifacts.key', '=', version.key)
        .where('artifacts.project', '=', version.project),
    )
    .execute()
  await transaction.insertRows('artifact_links', ['run', 'artifact'], [[run, version.number]], { onConflict: 'ignore' })
  await noteChange(transaction, 'artifacts', run)
}

/**
 * For a purge: removes the artifacts of runs and returns the targets that no other artifact refers to. What a run that stays links
 * to becomes that run's own, and the tag `latest` goes back to the newest version that is left.
 */
export async function forgetArtifacts(transaction: Transaction, runs: readonly number[]): Promise<string[]> {
  const leaving = new Set(runs)
  await handOver(transaction, leaving)
  const gone = await ownedBy(transaction, runs)
  for (const part of parts(gone.map(({ number }) => number)))
    await transaction.kysely.deleteFrom('artifacts').where('number', 'in', part).execute()
  await restoreLatest(transaction, gone)
  const targets = new Set(gone.map(({ target }) => target))
  for (const part of parts([...targets])) {
    const kept = await transaction.kysely
      .selectFrom('artifacts')
      .select('target')
      .distinct()
      .where('target', 'in', part)
      .execute()
    for (const { target } of kept) targets.delete(target)
  }
  return [...targets]
}

async function ownedBy(transaction: Transaction, runs: readonly number[]) {
  const found = []
  for (const part of parts(runs)) {
    const query = transaction.kysely
      .selectFrom('artifacts')
      .select(['number', 'project', 'key', 'target'])
      .where('run', 'in', part)
    found.push(...(await query.execute()))
  }
  return found
}

async function handOver(transaction: Transaction, leaving: ReadonlySet<number>): Promise<void> {
  const { kysely } = transaction
  for (const part of parts([...leaving])) {
    const links = await kysely
      .selectFrom('artifact_links')
      .innerJoin('artifacts', 'artifacts.number', 'artifact_links.artifact')
      .select(['artifact_links.run', 'artifact_links.artifact'])
      .where('artifacts.run', 'in', part)
      .orderBy('artifact_links.run')
      .execute()
    for (const { run, artifact } of links) {
      if (leaving.has(run)) continue
      await kysely.updateTable('artifacts').set({ run }).where('number', '=', artifact).execute()
      await kysely.deleteFrom('artifact_links').where('run', '=', run).where('artifact', '=', artifact).execute()
    }
  }
}

async function restoreLatest(transaction: Transaction, gone: readonly { project: number; key: string }[]): Promise<void> {
  const seen = new Set<string>()
  for (const { project, key } of gone) {
    const name = `${project}/${key}`
    if (seen.has(name)) continue
    seen.add(name)
    const newest = await transaction.kysely
      .selectFrom('artifacts')
      .select(['number', 'project', 'key'])
      .where('project', '=', project)
      .where('key', '=', key)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    // Another version may have the tag still: then it keeps it.
    if (!newest) continue
    const row = [newest.project, newest.key, latestTag, newest.number]
    await transaction.insertRows('artifact_tags', ['project', 'key', 'tag', 'artifact'], [row], { onConflict: 'ignore' })
  }
}

function* parts<Value>(values: readonly Value[]): Generator<Value[]> {
  for (let at = 0; at < values.length; at += boundValuesPerQuery) yield values.slice(at, at + boundValuesPerQuery)
}
