import { Type } from 'typebox'
import { area, closed } from './operation.ts'
import {
  comparedRows,
  integer,
  modelSnapshot,
  modelVersion,
  next,
  nullable,
  registeredModel,
  registryEvent,
  stage,
  textChanges,
  texts,
  timeSince1970,
} from './schemas.ts'
import { cursor, limit } from './run-operations.ts'

const registry = area('Registry')
/** Names of models are unique in a project. */
const project = Type.Optional(Type.String({ description: 'Usually `default`.' }))
const inProject = closed({ project })
const reason = Type.Optional(Type.String({ maxLength: 4_096, description: 'Why, for the history.' }))
const byReason = closed({ project, reason })

export const registryOperations = {
  searchModels: registry({
    method: 'GET',
    path: '/models',
    summary: 'Registered models by name, with their newest versions',
    query: closed({
      project,
      name: Type.Optional(Type.String({ maxLength: 1_000, description: 'A pattern: % stands for any text, whatever the case.' })),
      tag: Type.Optional(Type.Array(Type.String(), { maxItems: 20, description: 'key, or key=value.' })),
      limit,
      cursor,
    }),
    answer: Type.Object({ models: Type.Array(registeredModel), next }),
  }),
  createModel: registry({
    method: 'POST',
    path: '/models',
    summary: 'Make a registered model without versions',
    body: closed({
      project,
      name: Type.String(),
      description: Type.Optional(Type.String()),
      tags: Type.Optional(texts),
      reason,
    }),
    answer: registeredModel,
  }),
  resolveModel: registry({
    method: 'GET',
    path: '/model-versions/resolve',
    summary: 'The version that `name/3`, `name/Staging`, `name/latest` or `name@alias` means',
    query: closed({ project, text: Type.String({ minLength: 1, maxLength: 1_000 }) }),
    answer: modelVersion,
  }),
  searchVersions: registry({
    method: 'GET',
    path: '/model-versions',
    summary: 'Versions of models, last changed first',
    query: closed({
      project,
      name: Type.Optional(Type.String({ description: 'Of this model.' })),
      stage: Type.Optional(stage),
      run: Type.Optional(Type.String({ description: 'Made by this run.' })),
      tag: Type.Optional(Type.Array(Type.String(), { maxItems: 20, description: 'key, or key=value.' })),
      limit,
      cursor,
    }),
    answer: Type.Object({ versions: Type.Array(modelVersion), next }),
  }),
  getModel: registry({
    method: 'GET',
    path: '/models/{model}',
    summary: 'One registered model',
    query: inProject,
    answer: registeredModel,
  }),
  changeModel: registry({
    method: 'PATCH',
    path: '/models/{model}',
    summary: 'Rename a model, describe it, tag it',
    query: inProject,
    body: closed({
      name: Type.Optional(Type.String()),
      description: Type.Optional(nullable(Type.String())),
      tags: Type.Optional(textChanges),
      reason,
    }),
    answer: registeredModel,
  }),
  deleteModel: registry({
    method: 'DELETE',
    path: '/models/{model}',
    summary: 'Delete a model with all versions; what was stays in the history',
    query: byReason,
  }),
  getModelHistory: registry({
    method: 'GET',
    path: '/models/{model}/history',
    summary: 'Every change of a model, oldest first: what, who, when, why',
    query: closed({ project, version: Type.Optional(integer({ minimum: 1 })) }),
    answer: Type.Object({ events: Type.Array(registryEvent) }),
  }),
  getModelAt: registry({
    method: 'GET',
    path: '/models/{model}/at',
    summary: 'A model as it was at a moment: what was in production then',
    query: closed({ project, timeMs: timeSince1970() }),
    answer: modelSnapshot,
  }),
  setAlias: registry({
    method: 'PUT',
    path: '/models/{model}/aliases/{alias}',
    summary: 'Point an alias at a version, moving it when it exists',
    query: inProject,
    body: closed({ version: integer({ minimum: 1 }), reason }),
    answer: registeredModel,
  }),
  removeAlias: registry({
    method: 'DELETE',
    path: '/models/{model}/aliases/{alias}',
    summary: 'Take an alias away. A repeat changes nothing',
    query: byReason,
    answer: registeredModel,
  }),
  createVersion: registry({
    method: 'POST',
    path: '/models/{model}/versions',
    summary: 'Register a version: of an artifact, a logged model, or files elsewhere. The model is made when it is new',
    query: inProject,
    body: closed({
      artifact: Type.Optional(Type.String({ description: 'Id of an artifact. Exactly one of the three.' })),
      loggedModel: Type.Optional(Type.String({ description: 'Id of a logged model: m- and 32 digits.' })),
      source: Type.Optional(Type.String({ description: 'Address of files elsewhere: s3://…, models:/name/3.' })),
      description: Type.Optional(Type.String()),
      tags: Type.Optional(texts),
      aliases: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
      stage: Type.Optional(stage),
      reason,
    }),
    answer: modelVersion,
  }),
  getVersion: registry({
    method: 'GET',
    path: '/models/{model}/versions/{version}',
    summary: 'One version',
    query: inProject,
    answer: modelVersion,
  }),
  changeVersion: registry({
    method: 'PATCH',
    path: '/models/{model}/versions/{version}',
    summary: 'Describe a version, tag it',
    query: inProject,
    body: closed({
      description: Type.Optional(nullable(Type.String())),
      tags: Type.Optional(textChanges),
      reason,
    }),
    answer: modelVersion,
  }),
  promoteVersion: registry({
    method: 'POST',
    path: '/models/{model}/versions/{version}/stage',
    summary: 'Move a version to a stage; what is in it goes to Archived unless `keep` is set',
    query: inProject,
    body: closed({
      stage,
      keep: Type.Optional(Type.Boolean()),
      newStage: Type.Optional(Type.Boolean({ description: 'Make the stage when there is none of this name.' })),
      reason,
    }),
    answer: modelVersion,
  }),
  deleteVersion: registry({
    method: 'DELETE',
    path: '/models/{model}/versions/{version}',
    summary: 'Delete a version; its number is never given again',
    query: byReason,
  }),
  compareVersions: registry({
    method: 'POST',
    path: '/models/{model}/compare',
    isRead: true,
    summary: 'What differs between versions: tags, bytes, signature, and the parameters, results, data and code of their runs',
    query: inProject,
    body: closed({ versions: Type.Array(integer({ minimum: 1 }), { minItems: 2, maxItems: 100 }) }),
    answer: Type.Object({
      versions: Type.Array(modelVersion),
      sections: Type.Record(Type.String(), comparedRows),
    }),
  }),
  listStages: registry({
    method: 'GET',
    path: '/stages',
    summary: 'The stages of a project',
    query: inProject,
    answer: Type.Object({ stages: Type.Array(Type.String()) }),
  }),
  addStage: registry({
    method: 'POST',
    path: '/stages',
    summary: 'Add a stage of your own. A repeat changes nothing',
    body: closed({ project, name: Type.String(), reason }),
    answer: Type.Object({ stage: Type.String() }),
  }),
}
