import { AppError, isEnded, type RunStateChange, type Supervisor } from '@trainyard/contract'
import type { Database, Transaction } from '../database/index.ts'
import { addLink, checkTag, getVersion, latestTag, moveTags, type Version } from './artifact-change.ts'
import { storeArtifact } from './artifact-import.ts'
import { forgetAttempt, patchRun } from './run-change.ts'
import { addNewParameters, checkNewRun, createRun, putLabels } from './run-create.ts'
import { placeRun } from './run-move.ts'
import { type RunImage, storeImage, toNewRun } from './run-image.ts'
import { findRunNumber, getRunNumber } from './run-number.ts'
import type { ShippedRuns } from './tracking.ts'

const remotePrefix = '(remote) '

/** Stands in for the supervisor of a run that works on another machine and is told from there. */
export const remoteSupervisor = (host: string, nowMs: number): Supervisor => ({
  host: `${remotePrefix}${host}`,
  bootId: '',
  pid: 0,
  startTicks: 0,
  heartbeatAtMs: nowMs,
})

/** The machine a run works on whose records are sent from there; undefined for others. */
export const remoteHostOf = ({ host }: Pick<Supervisor, 'host'>): string | undefined =>
  host.startsWith(remotePrefix) ? host.slice(remotePrefix.length) : undefined

export function createShippedRuns(database: Database): ShippedRuns {
  return {
    put: async (image, { revision, outPath }) => {
      const placed = { ...image, record: { ...image.record, outPath } }
      checkNewRun(toNewRun(placed.record))
      return await database.write((transaction) => put(transaction, placed, revision))
    },
    addArtifact: async (artifact) => {
      for (const tag of artifact.tags) checkTag(tag)
      await database.write(async (transaction) => {
        await storeArtifact(transaction, artifact)
        await showNewest(transaction, artifact.id)
      })
    },
    linkArtifacts: (runId, artifactIds) =>
      database.write(async (transaction) => {
        const run = await getRunNumber(transaction, runId)
        for (const id of artifactIds) await linkLate(transaction, run, await getVersion(transaction, id))
      }),
  }
}

/**
 * They come in any order, an older one perhaps behind the one that took its place: `latest`, and what the run shows of a key, is the
 * version that was made last, of one millisecond the one of the highest id.
 */
async function showNewest(transaction: Transaction, id: string): Promise<void> {
  const { kysely } = transaction
  const { project, key } = await getVersion(transaction, id)
  const newest = kysely.selectFrom('artifacts').orderBy('created_at', 'desc').orderBy('id', 'desc').limit(1)
  const { number } = await newest.select('number').where('project', '=', project).where('key', '=', key).executeTakeFirstOrThrow()
  await moveTags(transaction, { project, key, number }, [latestTag])
  const { run, iteration } = await kysely
    .selectFrom('artifacts')
    .select(['run', 'iteration'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  if (run === null) return
  const { shown } = await newest
    .select('number as shown')
    .where('run', '=', run)
    .where('key', '=', key)
    .where('iteration', '=', iteration)
    .executeTakeFirstOrThrow()
  await kysely
    .updateTable('artifacts')
    .set(({ eb }) => ({ is_current: eb.case().when('number', '=', shown).then(1).else(0).end() }))
    .where('run', '=', run)
    .where('key', '=', key)
    .where('iteration', '=', iteration)
    .execute()
}

/** The choice of a run is `latest` among its own; what somebody else has made after it stays so. */
async function linkLate(transaction: Transaction, run: number, version: Version): Promise<void> {
  await addLink(transaction, run, version)
  const ofKey = transaction.kysely
    .selectFrom('artifacts as a')
    .leftJoin('runs as r', 'r.number', 'a.run')
    .where('a.project', '=', version.project)
    .where('a.key', '=', version.key)
  const own = ofKey.where(({ or, eb }) => or([eb('r.number', '=', run), eb('r.parent', '=', run)]))
  const lastOwn = await own.select(({ fn }) => fn.max('a.created_at').as('at')).executeTakeFirst()
  const holder = await ofKey
    .innerJoin('artifact_tags as t', 't.artifact', 'a.number')
    .select(['a.created_at', 'r.number', 'r.parent'])
    .where('t.tag', '=', latestTag)
    .executeTakeFirst()
  const isOther = holder !== undefined && holder.number !== run && holder.parent !== run
  if (isOther && holder.created_at > (lastOwn?.at ?? 0)) return
  await moveTags(transaction, version, [latestTag])
}

async function put(transaction: Transaction, image: RunImage, revision: number): ReturnType<ShippedRuns['put']> {
  const { record } = image
  const known = await findRunNumber(transaction, record.id)
  if (known === undefined) {
    const number = await createRun(transaction, toNewRun(record), record.createdAtMs)
    await transaction.kysely.insertInto('shipments').values({ run: number, revision }).execute()
    await renew(transaction, number, { image, revision, wish: undefined })
    return { revision, asked: null }
  }
  const stored = await storedRun(transaction, record.id, known)
  const wish =
    stored.state === 'aborting' && !isEnded(record.state) && record.state !== 'aborting'
      ? await wishOf(transaction, known)
      : undefined
  const asked = wish === undefined ? null : (wish.reason ?? 'aborted')
  if (stored.revision >= revision) return { revision: stored.revision, asked }
  await transaction.kysely.updateTable('shipments').set({ revision }).where('run', '=', known).execute()
  if (record.attempt > stored.attempt) await forgetAttempt(transaction, known)
  await addNewParameters(transaction, known, record.parameters)
  await putLabels(transaction, known, record.labels)
  await renew(transaction, known, { image, revision, wish })
  await placeRun(transaction, known, record)
  return { revision, asked }
}

async function storedRun(
  { kysely }: Transaction,
  id: string,
  number: number,
): Promise<{ revision: number; state: string; attempt: number }> {
  const shipment = await kysely.selectFrom('shipments').select('revision').where('run', '=', number).executeTakeFirst()
  const details = { runId: id }
  if (!shipment)
    throw new AppError('already_exists', `There is a run ${id} here that was not sent by another machine.`, { details })
  const { state, attempt, trashed_at } = await kysely
    .selectFrom('runs')
    .select(['state', 'attempt', 'trashed_at'])
    .where('number', '=', number)
    .executeTakeFirstOrThrow()
  if (trashed_at !== null)
    throw new AppError('failed_precondition', `Run ${id} is in the trash; restore it before more of it is sent.`, {
      details: { ...details, trashed: true },
    })
  return { revision: shipment.revision, state, attempt }
}

/** That it should stop, as somebody said here: kept until its own machine has acted on it. */
async function wishOf({ kysely }: Transaction, number: number): Promise<RunStateChange> {
  const { at, reason } = await kysely
    .selectFrom('run_states')
    .select(['at', 'reason'])
    .where('run', '=', number)
    .orderBy('ordinal', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  return { state: 'aborting', atMs: at, reason }
}

/** Everything that its own machine says about a run, in place of what was known. */
async function renew(
  transaction: Transaction,
  number: number,
  { image, revision, wish }: { image: RunImage; revision: number; wish: RunStateChange | undefined },
): Promise<void> {
  const { record } = image
  const history = wish === undefined ? image.history : [...image.history, wish]
  await storeImage(transaction, number, { record, history })
  await patchRun(
    transaction,
    number,
    {
      name: record.name,
      attempt: record.attempt,
      outPath: record.outPath,
      ...(record.code ? { code: record.code } : {}),
      ...(record.task ? { task: record.task } : {}),
      supervisor: isEnded(record.state) ? null : remoteSupervisor(record.host, revision),
    },
    record.updatedAtMs,
  )
  await transaction.kysely
    .updateTable('runs')
    .set({
      state: wish?.state ?? record.state,
      state_reason: wish === undefined ? record.stateReason : wish.reason,
      started_at: record.startedAtMs,
      ended_at: record.endedAtMs,
      updated_at: record.updatedAtMs,
    })
    .where('number', '=', number)
    .execute()
}
