import { useParams } from '@tanstack/react-router'
import { literalOf } from './filter-literal.ts'

/**
 * The project of the page, if its address names one. Asked of the page and not of the address: the address is that of
 * the next page already while its code is still loading, and the page one leaves would ask for things of another project.
 */
export const useProject = (): string | undefined => useParams({ strict: false }).project

export const inProject = (project: string | undefined, path: string): string =>
  project === undefined ? path : `/p/${encodeURIComponent(project)}${path === '/' ? '' : path}`

/** The runs that a filter finds. */
export const runsWhere = (project: string | undefined, filter: string): string =>
  inProject(project, `/runs?filter=${encodeURIComponent(filter)}`)

/** The runs of one experiment, or of all of that name, as the filter language says it. */
export const experimentRuns = (project: string | undefined, experiment: string): string =>
  runsWhere(project, `experiment = ${literalOf(experiment)}`)
