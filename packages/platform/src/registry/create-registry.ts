import { type Clock, systemClock } from '../base/clock.ts'
import type { Database } from '../database/index.ts'
import { removeAlias, setAlias, versionOfAlias } from './alias-change.ts'
import { createModel, deleteModel, describeModel, renameModel } from './model-change.ts'
import { type Change, changeOf } from './registry-events.ts'
import { createHistoryRecords } from './registry-history.ts'
import { loadModel, loadVersion, loadVersions, newestOfStages } from './registry-loading.ts'
import { findModelRow, findVersionRow, getModelRow, getVersionRow } from './registry-rows.ts'
import { searchModels, searchVersions, versionsMadeBy } from './registry-search.ts'
import type { ChangeOrigin, ModelRecords, Registry, StageRecords, VersionRecords } from './registry.ts'
import { createShippedVersions } from './shipped-versions.ts'
import { addStage, canonicalStage, listStages } from './stage-names.ts'
import { changeModelTags, changeVersionTags, checkTags } from './tag-change.ts'
import { createVersion, deleteVersion, describeVersion, setVersionStatus, transitionVersion } from './version-change.ts'

type Write = <Result>(origin: ChangeOrigin, operation: (change: Change) => Promise<Result>) => Promise<Result>

/** The registry over one open database. It owns nothing: whoever opened the database closes it. */
export function createRegistry(database: Database, options: { clock?: Clock } = {}): Registry {
  const { clock = systemClock } = options
  const write: Write = (origin, operation) => database.write((transaction) => operation(changeOf(transaction, origin, clock)))
  return {
    models: createModelRecords(database, write),
    versions: createVersionRecords(database, write),
    stages: createStageRecords(database, write),
    history: createHistoryRecords(database),
    shipped: createShippedVersions(database, { clock }),
  }
}

function createModelRecords(database: Database, write: Write): ModelRecords {
  const changed = (origin: ChangeOrigin, operation: (change: Change) => Promise<number>) =>
    write(origin, async (change) => await loadModel(change.transaction, await operation(change)))
  return {
    create: (model, origin) => changed(origin, (change) => createModel(change, model)),
    get: (model) => database.read(async (reader) => await loadModel(reader, (await getModelRow(reader, model)).number)),
    find: (model) =>
      database.read(async (reader) => {
        const row = await findModelRow(reader, model)
        return row && (await loadModel(reader, row.number))
      }),
    describe: (model, description, origin) => changed(origin, (change) => describeModel(change, model, description)),
    rename: (model, newName, origin) => changed(origin, (change) => renameModel(change, model, newName)),
    delete: (model, origin) => write(origin, (change) => deleteModel(change, model)),
    setTags: (model, tags, origin) =>
      write(origin, async (change) => {
        checkTags(tags)
        await changeModelTags(change, (await getModelRow(change.transaction, model)).number, tags)
      }),
    setAlias: (version, alias, origin) => write(origin, (change) => setAlias(change, version, alias)),
    removeAlias: (model, alias, origin) => write(origin, (change) => removeAlias(change, model, alias)),
    search: (query) => searchModels(database, query),
  }
}

function createVersionRecords(database: Database, write: Write): VersionRecords {
  const changed = (origin: ChangeOrigin, operation: (change: Change) => Promise<number>) =>
    write(origin, async (change) => await loadVersion(change.transaction, await operation(change)))
  return {
    create: (version, origin, { makeModel = false } = {}) =>
      changed(origin, (change) => createVersion(change, version, makeModel)),
    get: (version) => database.read(async (reader) => await loadVersion(reader, (await getVersionRow(reader, version)).number)),
    find: (version) =>
      database.read(async (reader) => {
        const row = await findVersionRow(reader, version)
        return row && (await loadVersion(reader, row.number))
      }),
    describe: (version, description, origin) => changed(origin, (change) => describeVersion(change, version, description)),
    setStatus: (version, status, message, origin) =>
      changed(origin, (change) => setVersionStatus(change, version, status, message)),
    setTags: (version, tags, origin) =>
      write(origin, async (change) => {
        checkTags(tags)
        await changeVersionTags(change, await getVersionRow(change.transaction, version), tags)
      }),
    transition: (version, move, origin) => changed(origin, (change) => transitionVersion(change, version, move)),
    delete: (version, origin) => write(origin, (change) => deleteVersion(change, version)),
    latest: (model, stages) =>
      database.read(async (reader) => {
        const wanted = stages && new Set(await Promise.all(stages.map((stage) => canonicalStage(reader, model.project, stage))))
        const row = await getModelRow(reader, model)
        const newest = await newestOfStages(reader, [row.number])
        const shown = wanted === undefined ? newest : newest.filter(({ stage }) => wanted.has(stage))
        return await loadVersions(
          reader,
          shown.map(({ number }) => number),
        )
      }),
    ofAlias: (model, alias) =>
      database.read(async (reader) => await loadVersion(reader, await versionOfAlias(reader, model, alias))),
    search: (query) => searchVersions(database, query),
    madeBy: (runIds) => versionsMadeBy(database, runIds),
  }
}

function createStageRecords(database: Database, write: Write): StageRecords {
  return {
    list: (project) => database.read((reader) => listStages(reader, project)),
    add: (project, name, origin) => write(origin, (change) => addStage(change, project, name)),
  }
}
