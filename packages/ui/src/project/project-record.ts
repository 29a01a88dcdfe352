import { queryOptions } from '@tanstack/react-query'
import { get } from '../api/client.ts'

export interface ProjectRecord {
  name: string
  state: 'online' | 'offline' | 'archived'
  createdAtMs: number
  updatedAtMs: number
  metadata: Record<string, unknown>
  spec: Record<string, unknown>
}

/** Empty where there is none. */
export const textIn = (part: Record<string, unknown>, key: string): string => (typeof part[key] === 'string' ? part[key] : '')

export const projectQuery = (name: string) =>
  queryOptions({
    queryKey: ['project', name],
    queryFn: ({ signal }) => get<ProjectRecord>(`/projects/${encodeURIComponent(name)}`, {}, signal),
    retry: false,
  })
