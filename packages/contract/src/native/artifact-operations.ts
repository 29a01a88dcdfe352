import { Type } from 'typebox'
import { area, bytes, closed } from './operation.ts'
import { artifact, artifactKind, file, next } from './schemas.ts'
import { cursor, limit } from './run-operations.ts'

const artifacts = area('Artifacts')
const path = Type.String({ maxLength: 1_024, description: 'Of a file in it; usually the artifact itself.' })

export const artifactOperations = {
  getArtifacts: artifacts({
    method: 'GET',
    path: '/runs/{run}/artifacts',
    summary: 'The artifacts of a run',
    answer: Type.Object({ artifacts: Type.Array(artifact) }),
  }),
  searchArtifacts: artifacts({
    method: 'GET',
    path: '/artifacts',
    summary: 'Artifacts of a project, newest first; of each key the current version',
    query: closed({
      project: Type.Optional(Type.String()),
      key: Type.Optional(Type.String()),
      contains: Type.Optional(Type.String({ maxLength: 1_000, description: 'Part of a key, whatever the case.' })),
      kind: Type.Optional(artifactKind),
      tag: Type.Optional(Type.String()),
      run: Type.Optional(Type.String()),
      allVersions: Type.Optional(Type.Boolean()),
      limit,
      cursor,
    }),
    answer: Type.Object({ artifacts: Type.Array(artifact), next }),
  }),
  resolveArtifact: artifacts({
    method: 'GET',
    path: '/artifacts/resolve',
    summary: 'The artifact that `key[:tag][@run][#iteration]` means',
    query: closed({ project: Type.Optional(Type.String()), text: Type.String({ minLength: 1, maxLength: 1_000 }) }),
    answer: artifact,
  }),
  getArtifact: artifacts({
    method: 'GET',
    path: '/artifacts/{artifact}',
    summary: 'One artifact, by id',
    answer: artifact,
  }),
  tagArtifact: artifacts({
    method: 'PATCH',
    path: '/artifacts/{artifact}',
    summary: 'Put tags on an artifact or take them off; a tag is on one version of a key at a time',
    body: closed({
      addTags: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
      removeTags: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
    }),
    answer: artifact,
  }),
  listArtifactFiles: artifacts({
    method: 'GET',
    path: '/artifacts/{artifact}/files',
    summary: 'The files of an artifact that is a folder',
    query: closed({ path: Type.Optional(path) }),
    answer: Type.Object({ files: Type.Array(file) }),
  }),
  readArtifact: artifacts({
    method: 'GET',
    path: '/artifacts/{artifact}/bytes',
    summary: 'The bytes of an artifact, or of a file in it; takes a Range header',
    query: closed({
      path: Type.Optional(path),
      show: Type.Optional(
        Type.Boolean({ description: 'As a document to look at, in a sandbox that reaches nothing, instead of a file to save.' }),
      ),
    }),
    answer: bytes,
    answerBytes: 'bytes',
  }),
  listRunFiles: artifacts({
    method: 'GET',
    path: '/runs/{run}/files',
    summary: 'Files and folders of a run, a level at a time',
    query: closed({ path: Type.Optional(path) }),
    answer: Type.Object({ files: Type.Array(file) }),
  }),
  readRunFile: artifacts({
    method: 'GET',
    path: '/runs/{run}/files/bytes',
    summary: 'The bytes of a file of a run; takes a Range header',
    query: closed({ path }),
    answer: bytes,
    answerBytes: 'bytes',
  }),
}
