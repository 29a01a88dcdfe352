import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { ObjectContext } from '../../objects/index.ts'
import {
  type FileOwner,
  isUnread,
  type MigrationSource,
  type SourceExperiment,
  type SourceLoggedModel,
  type SourceRun,
  type SourceTrace,
  type Unread,
} from '../source.ts'
import { foldersIn, leaves, orUnread } from './folder-files.ts'
import { readModels } from './folder-registry.ts'
import { lastPoint, readPoints, toFolderExperiment, toFolderLoggedModel, toFolderRun } from './folder-records.ts'
import { toFolderTrace, traceInfoFile } from './folder-traces.ts'
import { readPlace } from './place-files.ts'

/** A folder `mlruns`, as MLflow's file store keeps it: a folder per experiment and run, a file per value. */
export async function openFolderSource(
  path: string,
  options: { objects: ObjectContext; artifacts: string | undefined },
): Promise<MigrationSource> {
  const root = await realpath(path)
  const folder = new MlrunsFolder(root)
  if (!(await folder.experiments()).some((each) => isUnread(each) || !each.isDeleted) && !existsSync(join(root, 'models')))
    throw new AppError(
      'invalid_argument',
      `${path} is no folder that MLflow keeps runs in: no folder in it has a meta.yaml. Name the one called mlruns.`,
    )
  return {
    name: root,
    notes: [],
    experiments: async function* () {
      yield* await folder.experiments()
    },
    runs: (experiment) => folder.runs(experiment),
    history: async function* (run) {
      const place = join(folder.placeOf(run.experimentId), run.id, 'metrics')
      for await (const key of leaves(place)) yield await readPoints(join(place, key), key)
    },
    loggedModels: (experiment) => folder.loggedModels(experiment),
    traces: (experiment) => folder.traces(experiment),
    models: () => readModels(join(root, 'models')),
    files: (owner) => readPlace(owner, { ...options, nearby: (each) => folder.nearby(each) }),
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Below the folder of their experiment. */
const foldersOf = { run: [], model: ['models'], trace: ['traces'] } as const

class MlrunsFolder {
  readonly #root: string
  /** Experiments by id: their folders are in the root or in its trash. */
  readonly #places = new Map<string, string>()

  constructor(root: string) {
    this.#root = root
  }

  placeOf(experimentId: string): string {
    return this.#places.get(experimentId) ?? join(this.#root, experimentId)
  }

  async experiments(): Promise<(SourceExperiment | Unread)[]> {
    const found: SourceExperiment[] = []
    const unread: Unread[] = []
    for (const parent of [this.#root, join(this.#root, '.trash')]) {
      for (const { name } of await foldersIn(parent)) {
        const place = join(parent, name)
        if (name === '.trash' || (name === 'models' && parent === this.#root) || !existsSync(join(place, 'meta.yaml'))) continue
        const experiment = await orUnread(name, () => toFolderExperiment(place, parent !== this.#root))
        if (isUnread(experiment)) {
          unread.push(experiment)
          continue
        }
        this.#places.set(experiment.id, place)
        found.push(experiment)
      }
    }
    const sorted = found.sort((left, right) => left.createdAtMs - right.createdAtMs || (left.id < right.id ? -1 : 1))
    return [...sorted, ...unread]
  }

  async *runs({ id }: SourceExperiment): AsyncGenerator<SourceRun | Unread> {
    const place = this.placeOf(id)
    for (const { name } of await foldersIn(place)) {
      const folder = join(place, name)
      if (!/^[0-9a-f]{32}$/.test(name) || !existsSync(join(folder, 'meta.yaml'))) continue
      yield await orUnread(name, async () => {
        const latest = []
        for await (const key of leaves(join(folder, 'metrics'))) {
          const last = lastPoint(await readPoints(join(folder, 'metrics', key), key))
          if (last) latest.push(last)
        }
        return { ...(await toFolderRun(folder, place)), latest }
      })
    }
  }

  async *loggedModels({ id }: SourceExperiment): AsyncGenerator<SourceLoggedModel | Unread> {
    const place = join(this.placeOf(id), 'models')
    for (const { name } of await foldersIn(place))
      if (existsSync(join(place, name, 'meta.yaml'))) yield await orUnread(name, () => toFolderLoggedModel(join(place, name)))
  }

  async *traces({ id }: SourceExperiment): AsyncGenerator<SourceTrace | Unread> {
    const place = join(this.placeOf(id), 'traces')
    for (const { name } of await foldersIn(place))
      if (existsSync(join(place, name, traceInfoFile))) yield await orUnread(name, () => toFolderTrace(join(place, name), id))
  }

  /** A folder that was moved as a whole: its files are where they always were, below the run. */
  nearby(owner: FileOwner): string[] {
    const place = this.placeOf(owner.experimentId)
    return [join(place, ...foldersOf[owner.kind], owner.id, 'artifacts')]
  }
}
