import { literalOf } from './filter-literal.ts'
import { usePath } from './link.tsx'

/** The project of the address, if it names one. */
export function useProject(): string | undefined {
  const found = /^\/p\/([^/]+)/.exec(usePath())?.[1]
  return found === undefined ? undefined : decodeURIComponent(found)
}

export const inProject = (project: string | undefined, path: string): string =>
  project === undefined ? path : `/p/${encodeURIComponent(project)}${path === '/' ? '' : path}`

/** The runs of one experiment, as the filter language says it. */
export const experimentRuns = (project: string, experiment: string): string =>
  inProject(project, `/runs?filter=${encodeURIComponent(`experiment = ${literalOf(experiment)}`)}`)
