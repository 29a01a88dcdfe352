import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { patternOf } from '../api/literal-pattern.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { experimentRuns } from './project.ts'
import type { Trace } from '@trainyard/contract/native-api'

interface Found {
  label: string
  kind: string
  href: string
}

const most = 3
const inOf = (project: string): string => `/p/${encodeURIComponent(project)}`

/** Projects, experiments, functions, artifacts, schedules, jobs that wait or run, and traces, by a part of their names. */
export function useFoundWork(text: string, project: string | undefined): Found[] {
  const { data = [] } = useQuery({
    queryKey: ['palette work', text, project],
    // A server that takes no jobs still has functions.
    queryFn: async ({ signal }) =>
      (
        await Promise.allSettled(
          [projects, experiments, functions, artifacts, schedules, jobs, traces].map((find) => find(text, project, signal)),
        )
      ).flatMap((each) => (each.status === 'fulfilled' ? each.value : [])),
    enabled: text.length > 1,
    placeholderData: keepPreviousData,
    retry: false,
  })
  return text.length > 1 ? data : []
}

type Find = (text: string, project: string | undefined, signal: AbortSignal) => Promise<Found[]>

const holds = (name: string, text: string): boolean => name.toLowerCase().includes(text.toLowerCase())

const projects: Find = async (text, _project, signal) => {
  const { projects: all } = await get<{ projects: { name: string }[] }>('/projects', {}, signal)
  return all
    .filter(({ name }) => holds(name, text))
    .slice(0, most)
    .map(({ name }) => ({ label: name, kind: 'project', href: inOf(name) }))
}

/** Of a project all of them; everywhere those that have runs, whose experiment is known without asking each project. */
const experiments: Find = async (text, project, signal) => {
  if (project !== undefined) {
    const { experiments: found } = await get<{ experiments: { name: string }[] }>(
      '/experiments',
      { project, name: patternOf(text), limit: most },
      signal,
    )
    return found.map(({ name }) => ({ label: name, kind: `experiment · ${project}`, href: experimentRuns(project, name) }))
  }
  const { values } = await get<{ values: string[] }>('/table/values', { field: 'experiment', limit: 200 }, signal)
  return values
    .filter((name) => holds(name, text))
    .slice(0, most)
    .map((name) => ({ label: name, kind: 'experiment', href: experimentRuns(undefined, name) }))
}

const functions: Find = async (text, project, signal) => {
  const { functions: found } = await get<{ functions: { project: string; name: string }[] }>(
    '/functions',
    { project, name: `~${text}`, limit: most },
    signal,
  )
  return found.map(({ name, project: owner }) => ({
    label: name,
    kind: `function · ${owner}`,
    href: `${inOf(owner)}/functions/${encodeURIComponent(name)}`,
  }))
}

const artifacts: Find = async (text, project, signal) => {
  const { artifacts: found } = await get<{ artifacts: ArtifactRecord[] }>(
    '/artifacts',
    { project, contains: text, limit: most },
    signal,
  )
  return found.map(({ key, kind, runId, project: owner }) => ({
    label: runId === null ? key : `${key}  ${runId.slice(0, 8)}`,
    kind: `${kind} · ${owner}`,
    href:
      runId === null
        ? `${inOf(owner)}/artifacts?contains=${encodeURIComponent(key)}`
        : `/runs/${runId}/artifacts?key=${encodeURIComponent(key)}`,
  }))
}

const schedules: Find = async (text, project, signal) => {
  const { schedules: all } = await get<{ schedules: { project: string; name: string }[] }>('/schedules', { project }, signal)
  return all
    .filter(({ name }) => holds(name, text))
    .slice(0, most)
    .map(({ name, project: owner }) => ({
      label: name,
      kind: `schedule · ${owner}`,
      href: `${inOf(owner)}/schedules?schedule=${encodeURIComponent(`${owner}/${name}`)}`,
    }))
}

/** A job is known by its run; runs are found by name elsewhere, so here are those by id that are not done. */
const jobs: Find = async (text, project, signal) => {
  if (!/^[0-9a-f]{4,32}$/.test(text)) return []
  const { jobs: all } = await get<{ jobs: { runId: string; project: string; state: string }[] }>(
    '/jobs',
    { project, limit: 200 },
    signal,
  )
  return all
    .filter(({ runId, state }) => state !== 'ended' && runId.startsWith(text))
    .slice(0, most)
    .map(({ runId, project: owner, state }) => ({
      label: `${state} job ${runId.slice(0, 8)}`,
      kind: `job · ${owner}`,
      href: `${inOf(owner)}/jobs`,
    }))
}

const traces: Find = async (text, project, signal) => {
  const { traces: found } = await get<{ traces: Trace[] }>('/traces', { project, text, limit: most }, signal)
  return found.map(({ id, name, project: owner }) => ({
    label: `${name ?? id.slice(0, 11)}  ${id.slice(0, 11)}`,
    kind: `trace · ${owner}`,
    href: `/traces/${encodeURIComponent(id)}`,
  }))
}
