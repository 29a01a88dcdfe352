import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
import type { LineageNode } from '@trainyard/contract/native-api'
import type { ModelVersion } from '../../registry/index.ts'
import type { DatasetInput } from '../../tracking/index.ts'
import type { NativeContext } from './context.ts'

/** Of each kind of neighbour. */
const mostNeighbours = 50

const nothing = { detail: null, project: null, run: null, state: null, artifact: null, model: null, version: null, digest: null }

/** What a thing was made from and what was made of it, as far as the records tell. Every thing is in it once. */
export class LineageGraph {
  isCut = false
  readonly #context: NativeContext
  readonly #nodes = new Map<string, LineageNode>()
  readonly #edges = new Map<string, { from: string; to: string }>()

  constructor(context: NativeContext) {
    this.#context = context
  }

  get answer(): { nodes: LineageNode[]; edges: { from: string; to: string }[]; isCut: boolean } {
    return { nodes: [...this.#nodes.values()], edges: [...this.#edges.values()], isCut: this.isCut }
  }

  run({ id, name, project, state, kind }: RunRecord, rank: number): string {
    const detail = kind === 'sweep' ? 'sweep' : null
    return this.#add({ ...nothing, id: `run ${id}`, kind: 'run', label: name, detail, rank, project, run: id, state })
  }

  artifact({ id, key, kind, project, runId }: ArtifactRecord, rank: number): string {
    return this.#add({
      ...nothing,
      id: `artifact ${id}`,
      kind: 'artifact',
      label: key,
      detail: kind,
      rank,
      project,
      run: runId,
      artifact: id,
    })
  }

  version({ project, name, version, stage, aliases }: ModelVersion, rank: number): string {
    const detail = [stage === 'None' ? '' : stage, ...aliases.map((alias) => `@${alias}`)].filter((each) => each !== '').join(' ')
    return this.#add({
      ...nothing,
      id: `version ${project}/${name}/${version}`,
      kind: 'version',
      label: `${name} ${version}`,
      detail: detail || null,
      rank,
      project,
      model: name,
      version,
    })
  }

  dataset({ name, digest }: Pick<DatasetInput, 'name' | 'digest'>, rank: number): string {
    return this.#add({ ...nothing, id: `dataset ${name} ${digest}`, kind: 'dataset', label: name, detail: null, rank, digest })
  }

  link(from: string, to: string): void {
    this.#edges.set(`${from} → ${to}`, { from, to })
  }

  /** What a run read, and which runs had made that. */
  async addSources(run: RunRecord, rank: number): Promise<void> {
    const { tracking } = this.#context
    const here = this.run(run, rank)
    const inputs = this.#few(run.inputs)
    const sources = await tracking.lineage.sourcesOf(inputs)
    for (const { key, url } of inputs) {
      const source = sources.get(key)
      if (source === undefined || source.runId === run.id) {
        const input = { ...nothing, id: `input ${url}`, kind: 'input' as const, label: key, detail: url, rank: rank - 1 }
        this.link(this.#add(input), here)
        continue
      }
      const artifact = this.artifact(source, rank - 1)
      this.link(artifact, here)
      const maker = source.runId === null ? undefined : await tracking.runs.find(source.runId)
      if (maker) this.link(this.run(maker, rank - 2), artifact)
    }
    for (const dataset of this.#few((await tracking.datasets.ofRuns([run.id])).get(run.id) ?? []))
      this.link(this.dataset(dataset, rank - 1), here)
  }

  /** What runs of these artifacts: versions of models, and the runs that read either. */
  async addUses(artifacts: readonly ArtifactRecord[], rank: number): Promise<void> {
    const { tracking } = this.#context
    const versions = await this.#versionsOf(artifacts.flatMap(({ runId }) => runId ?? []))
    const readers = this.#few(await tracking.lineage.readersOf(artifacts, mostNeighbours + 1))
    const runs = new Map(
      (await tracking.runs.getMany([...new Set(readers.map((each) => each.runId))])).map((run) => [run.id, run]),
    )
    for (const artifact of artifacts) {
      const here = this.artifact(artifact, rank)
      const own = versions.filter(({ artifactId, runId }) =>
        artifactId === null ? runId === artifact.runId && artifact.kind === 'model' : artifactId === artifact.id,
      )
      for (const version of own) this.link(here, this.version(version, rank + 1))
      for (const { runId } of readers.filter(({ artifactId }) => artifactId === artifact.id)) {
        const run = runs.get(runId)
        if (run && run.id !== artifact.runId) this.link(here, this.run(run, rank + 1))
      }
    }
  }

  /** Versions that no artifact stands for: of files that a run logged otherwise. */
  async addVersionsOf(run: RunRecord, rank: number): Promise<void> {
    for (const version of await this.#versionsOf([run.id])) {
      if (!this.#nodes.has(`version ${version.project}/${version.name}/${version.version}`))
        this.link(this.run(run, rank - 1), this.version(version, rank))
    }
  }

  async #versionsOf(runIds: readonly string[]): Promise<ModelVersion[]> {
    const { registry } = this.#context
    const names = this.#few(runIds.length === 0 ? [] : await registry.versions.madeBy([...new Set(runIds)]))
    return await Promise.all(names.map(({ project, name, version }) => registry.versions.get({ project, name, version })))
  }

  #few<Member>(members: readonly Member[]): readonly Member[] {
    if (members.length > mostNeighbours) this.isCut = true
    return members.slice(0, mostNeighbours)
  }

  /** Where it was first met is where it stands: what was asked for never moves. */
  #add(node: LineageNode): string {
    if (!this.#nodes.has(node.id)) this.#nodes.set(node.id, node)
    return node.id
  }
}
