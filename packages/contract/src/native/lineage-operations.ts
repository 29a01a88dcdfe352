import { type Static, Type } from 'typebox'
import { area, closed } from './operation.ts'
import { integer, nullable, runId, runState } from './schemas.ts'

const lineage = area('Lineage')

const node = Type.Object({
  id: Type.String({ description: 'Of the node in this answer.' }),
  kind: Type.Enum(['run', 'artifact', 'dataset', 'version', 'input']),
  label: Type.String(),
  detail: nullable(Type.String()),
  rank: integer({ description: 'Steps from what was asked for: what it was made from is negative.' }),
  project: nullable(Type.String()),
  run: nullable(runId),
  state: nullable(runState),
  artifact: nullable(Type.String()),
  model: nullable(Type.String()),
  version: nullable(integer({ minimum: 1 })),
  digest: nullable(Type.String()),
})

const graph = Type.Object({
  nodes: Type.Array(node),
  edges: Type.Array(Type.Object({ from: Type.String(), to: Type.String() })),
  isCut: Type.Boolean({ description: 'There is more of one kind than is told.' }),
})

export type LineageNode = Static<typeof node>
/** What things were made from and of. */
export type Lineage = Static<typeof graph>

export const lineageOperations = {
  getLineage: lineage({
    method: 'GET',
    path: '/lineage',
    summary: 'From what and to what: of a run, an artifact, a version of a model or a data set, exactly one of them',
    query: closed({
      run: Type.Optional(runId),
      artifact: Type.Optional(Type.String({ description: 'Id of an artifact.' })),
      model: Type.Optional(Type.String()),
      version: Type.Optional(integer({ minimum: 1, description: 'Of `model`.' })),
      project: Type.Optional(Type.String({ description: 'Of `model`, usually `default`.' })),
      dataset: Type.Optional(Type.String({ description: 'Name of a data set that clients told of.' })),
      digest: Type.Optional(Type.String({ description: 'Of `dataset`.' })),
    }),
    answer: graph,
  }),
}
