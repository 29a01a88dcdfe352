import { queryOptions } from '@tanstack/react-query'
import { get, post } from '../api/client.ts'
import type { ComparedVersions, ModelSnapshot, ModelVersion, RegisteredModel, RegistryEvent } from './types.ts'

const modelPath = (name: string): string => `/models/${encodeURIComponent(name)}`

export const modelsQuery = (project: string) =>
  queryOptions({
    queryKey: ['models', project],
    queryFn: async ({ signal }) =>
      (await get<{ models: RegisteredModel[] }>('/models', { project, limit: 1_000 }, signal)).models,
    retry: false,
  })

export const modelQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['model', project, name],
    queryFn: ({ signal }) => get<RegisteredModel>(modelPath(name), { project }, signal),
    retry: false,
  })

export const versionsQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['versions', project, name],
    queryFn: async ({ signal }) =>
      (await get<{ versions: ModelVersion[] }>('/model-versions', { project, name, limit: 1_000 }, signal)).versions.toSorted(
        (left, right) => right.version - left.version,
      ),
    retry: false,
  })

export const historyQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['model history', project, name],
    queryFn: async ({ signal }) =>
      (await get<{ events: RegistryEvent[] }>(`${modelPath(name)}/history`, { project }, signal)).events,
    retry: false,
  })

export const atQuery = (project: string, name: string, timeMs: number) =>
  queryOptions({
    queryKey: ['model at', project, name, timeMs],
    queryFn: ({ signal }) => get<ModelSnapshot>(`${modelPath(name)}/at`, { project, timeMs }, signal),
    retry: false,
  })

export const comparisonQuery = (project: string, name: string, versions: readonly number[]) =>
  queryOptions({
    queryKey: ['compared versions', project, name, versions],
    queryFn: ({ signal }) => post<ComparedVersions>(`${modelPath(name)}/compare`, { versions }, signal, { project }),
    retry: false,
  })

export const stagesQuery = (project: string) =>
  queryOptions({
    queryKey: ['stages', project],
    queryFn: async ({ signal }) => (await get<{ stages: string[] }>('/stages', { project }, signal)).stages,
  })
