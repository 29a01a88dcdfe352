import { type Clock, systemClock } from '../base/clock.ts'
import type { Database, Transaction } from '../database/index.ts'
import { setAlias } from './alias-change.ts'
import { createModel } from './model-change.ts'
import type { ModelVersion, ShippedVersion, ShippedVersions } from './registry.ts'
import { type Change, changeOf } from './registry-events.ts'
import { loadVersion } from './registry-loading.ts'
import { findModelRow } from './registry-rows.ts'
import { addStage, firstStage } from './stage-names.ts'
import { createVersion, setVersionStatus, transitionVersion } from './version-change.ts'

export const createShippedVersions = (database: Database, options: { clock?: Clock } = {}): ShippedVersions => ({
  put: (runId, given, origin) =>
    database.write((transaction) => put(changeOf(transaction, origin, options.clock ?? systemClock), runId, given)),
})

async function put(change: Change, runId: string, given: ShippedVersion): Promise<{ version: ModelVersion; isNew: boolean }> {
  const { transaction } = change
  const { kysely } = transaction
  const known = await kysely
    .selectFrom('version_shipments')
    .select('model_version')
    .where('run_id', '=', runId)
    .where('name', '=', given.name)
    .where('version', '=', given.version)
    .executeTakeFirst()
  if (known) return { version: await loadVersion(transaction, known.model_version), isNew: false }
  const model = await findModelRow(transaction, given)
  if (!model) await createModel(change, { ...given.model, project: given.project, name: given.name })
  const number = await createVersion(change, { ...newVersion(given), runId }, false)
  await kysely
    .insertInto('version_shipments')
    .values({ run_id: runId, name: given.name, version: given.version, model_version: number })
    .execute()
  const made = await loadVersion(transaction, number)
  const part: Change = { ...change, isPart: true }
  if (given.status !== 'ready') await setVersionStatus(part, made, given.status, given.statusMessage)
  if (given.stage !== firstStage) await transitionVersion(part, made, { to: await addStage(change, given.project, given.stage) })
  for (const alias of given.aliases) if (!(await hasAlias(transaction, number, alias))) await setAlias(part, made, alias)
  return { version: await loadVersion(transaction, number), isNew: true }
}

function newVersion({ project, name, source, location, ...given }: ShippedVersion) {
  return {
    project,
    name,
    source,
    location,
    tags: given.tags,
    ...(given.runLink !== null && { runLink: given.runLink }),
    ...(given.artifactId !== null && { artifactId: given.artifactId }),
    ...(given.loggedModelId !== null && { loggedModelId: given.loggedModelId }),
    ...(given.description !== null && { description: given.description }),
  }
}

/** Whether another version of that model has the alias: what somebody has decided here stays. */
async function hasAlias({ kysely }: Transaction, version: number, alias: string): Promise<boolean> {
  const found = await kysely
    .selectFrom('model_aliases as a')
    .innerJoin('model_versions as v', 'v.model', 'a.model')
    .select('a.alias')
    .where('v.number', '=', version)
    .where('a.alias', '=', alias)
    .executeTakeFirst()
  return found !== undefined
}
