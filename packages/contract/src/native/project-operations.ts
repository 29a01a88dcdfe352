import { Type } from 'typebox'
import { cursor, limit } from './run-operations.ts'
import { area, closed } from './operation.ts'
import {
  experiment,
  next,
  nullable,
  project,
  projectContents,
  projectDocument,
  projectRecord,
  projectState,
  secretName,
  textChanges,
  texts,
} from './schemas.ts'

const projects = area('Projects and experiments')

export const projectOperations = {
  listProjects: projects({
    method: 'GET',
    path: '/projects',
    summary: 'Projects and how many runs each has',
    answer: Type.Object({ projects: Type.Array(project) }),
  }),
  createProject: projects({
    method: 'POST',
    path: '/projects',
    summary: 'Make a project. A repeat changes nothing; runs make theirs by themselves',
    body: closed({ name: Type.String() }),
    answer: Type.Object({ name: Type.String() }),
  }),
  getProject: projects({
    method: 'GET',
    path: '/projects/{project}',
    summary: 'What a project says of itself, in the form of project.yaml',
    answer: projectRecord,
  }),
  putProject: projects({
    method: 'PUT',
    path: '/projects/{project}',
    summary: 'Make a project, or put this document in place of the one it has',
    body: closed(projectDocument),
    answer: projectRecord,
  }),
  changeProject: projects({
    method: 'PATCH',
    path: '/projects/{project}',
    summary: 'Merge into the document of a project member by member (null removes), or set its state',
    body: closed({ ...projectDocument, state: Type.Optional(projectState) }),
    answer: projectRecord,
  }),
  getProjectContents: projects({
    method: 'GET',
    path: '/projects/{project}/contents',
    summary: 'What would go with a project if it was deleted',
    answer: projectContents,
  }),
  deleteProject: projects({
    method: 'DELETE',
    path: '/projects/{project}',
    summary: 'Delete a project for good: an empty one, or with `cascade` everything in it. Refused while work is running in it',
    query: closed({ strategy: Type.Optional(Type.Enum(['restrict', 'cascade'])) }),
    answer: projectContents,
  }),
  listProjectSecrets: projects({
    method: 'GET',
    path: '/projects/{project}/secrets',
    summary: 'Names of the secrets of a project; nobody is told the values',
    answer: Type.Object({ secrets: Type.Array(secretName) }),
  }),
  setProjectSecrets: projects({
    method: 'PUT',
    path: '/projects/{project}/secrets',
    summary: 'Add secrets to a project, or replace those of the same name',
    body: closed({ secrets: Type.Record(Type.String(), Type.String()) }),
    answer: Type.Object({ secrets: Type.Array(secretName) }),
  }),
  removeProjectSecrets: projects({
    method: 'POST',
    path: '/projects/{project}/secrets/remove',
    summary: 'Remove secrets of a project, all of them unless some are named',
    body: closed({ names: Type.Optional(Type.Array(Type.String(), { maxItems: 1_000 })) }),
    answer: Type.Object({ removed: Type.Array(Type.String()) }),
  }),
  searchExperiments: projects({
    method: 'GET',
    path: '/experiments',
    summary: 'Experiments of a project, newest first',
    query: closed({
      project: Type.String(),
      name: Type.Optional(
        Type.String({
          maxLength: 1_000,
          description:
            'A pattern, whatever the case: % stands for any text, _ for one letter, behind a backslash for themselves.',
        }),
      ),
      trashed: Type.Optional(Type.Boolean()),
      limit,
      cursor,
    }),
    answer: Type.Object({ experiments: Type.Array(experiment), next }),
  }),
  createExperiment: projects({
    method: 'POST',
    path: '/experiments',
    summary: 'Make an experiment',
    body: closed({ project: Type.String(), name: Type.String(), tags: Type.Optional(texts) }),
    answer: experiment,
  }),
  getExperiment: projects({
    method: 'GET',
    path: '/experiments/{experiment}',
    summary: 'One experiment, by id',
    answer: experiment,
  }),
  changeExperiment: projects({
    method: 'PATCH',
    path: '/experiments/{experiment}',
    summary: 'Rename an experiment, tag it',
    body: closed({ name: Type.Optional(Type.String()), tags: Type.Optional(textChanges) }),
    answer: experiment,
  }),
  trashExperiment: projects({
    method: 'POST',
    path: '/experiments/{experiment}/trash',
    summary: 'Put an experiment into the trash, with all its runs',
    answer: experiment,
  }),
  restoreExperiment: projects({
    method: 'POST',
    path: '/experiments/{experiment}/restore',
    summary: 'Take an experiment back out of the trash, with all its runs',
    answer: experiment,
  }),
  getDatasetsOfExperiment: projects({
    method: 'GET',
    path: '/experiments/{experiment}/datasets',
    summary: 'The data sets that runs of an experiment read, at most 1,000',
    answer: Type.Object({
      datasets: Type.Array(Type.Object({ name: Type.String(), digest: Type.String(), context: nullable(Type.String()) })),
    }),
  }),
}
