import { AppError, parseRunFilter, type RunRecord } from '@trainyard/contract'
import { emptyTrash, liesIn } from './empty-trash.ts'
import type { Holdings } from './holdings.ts'

/** What would go with a project. */
export interface ProjectContents {
  project: string
  /** Runs that are not over, at most 20. */
  running: { id: string; name: string; state: string }[]
  /** How many there are of each kind, kinds without any left out. */
  counts: Record<string, number>
}

export type DeletionStrategy = 'restrict' | 'cascade'

/** Tables in the words of people; what is not here goes with its project unseen, or has a name that says it. */
const words: Readonly<Record<string, string | null>> = {
  experiments: null,
  project_documents: null,
  artifact_tags: null,
  model_stages: null,
  project_secrets: 'secrets',
  registered_models: 'registered models',
  definitions: 'functions and other definitions',
}
/** What may be there all the same when a project that holds something is not to be deleted. */
const light = new Set(['secrets', 'webhooks'])

/** What goes with a project when it is deleted. `not_found` when there is none. */
export async function contentsOfProject({ tracking }: Pick<Holdings, 'tracking'>, project: string): Promise<ProjectContents> {
  const tables = await tracking.projects.contents(project)
  const counts: Record<string, number> = {}
  for (const [table, count] of Object.entries(tables)) {
    const name = words[table] === undefined ? table.replaceAll('_', ' ') : words[table]
    if (name !== null) counts[name] = count
  }
  const running = await tracking.runs.search({
    project,
    filter: parseRunFilter(unfinished, { nowMs: Date.now() }),
    iterations: true,
    limit: 20,
  })
  return { project, running: running.runs.map(({ id, name, state }) => ({ id, name, state })), counts }
}

const unfinished = "state = 'pending' or state = 'running' or state = 'aborting'"

/**
 * Deletes a project for good: `restrict` only one that holds nothing but secrets and the like (`failed_precondition` tells what there
 * is), `cascade` with everything in it, the files of its runs and artifacts too. One with running work is refused either way.
 */
export async function removeProject(holdings: Holdings, project: string, strategy: DeletionStrategy): Promise<ProjectContents> {
  const contents = await contentsOfProject(holdings, project)
  checkRemoval(contents, strategy)
  const { tracking } = holdings
  for (const trashed of [false, true]) {
    for (;;) {
      const { runs } = await tracking.runs.search({ project, iterations: true, trashed, limit: 500 })
      if (runs.length === 0) break
      if (!trashed) await tracking.runs.trash(ids(runs), Date.now())
      await emptyTrash(holdings, runs)
    }
  }
  const targets = await ownTargets(holdings, project)
  await tracking.projects.remove(project)
  for (const target of targets) await holdings.places.remove(target)
  return contents
}

const ids = (runs: readonly RunRecord[]): string[] => runs.map(({ id }) => id)

/** The refusals of `removeProject`, without doing anything. */
export function checkRemoval(contents: ProjectContents, strategy: DeletionStrategy): void {
  const { project } = contents
  if (project === 'default')
    throw new AppError('failed_precondition', 'The project default is always there and cannot be deleted.')
  const [busy] = contents.running
  if (busy)
    throw new AppError(
      'failed_precondition',
      `Project ${project} cannot be deleted while work is running in it (run ${busy.id} is ${busy.state}): abort it first.`,
      { details: { project, runId: busy.id } },
    )
  const held = Object.entries(contents.counts).filter(([name]) => !light.has(name))
  if (strategy === 'restrict' && held.length > 0)
    throw new AppError(
      'failed_precondition',
      `Project ${project} cannot be deleted since related resources found: ${held.map(([name, count]) => `${name} (${count})`).join(', ')}; delete them first, or all of it with the strategy cascade.`,
      { details: { project, contents: contents.counts } },
    )
}

/** Files of artifacts that no run made, where they lie in our own folder. */
async function ownTargets({ tracking, directory }: Holdings, project: string): Promise<string[]> {
  const found: string[] = []
  const pageSize = 1000
  for (let offset = 0; ; offset += pageSize) {
    const page = await tracking.artifacts.search({ project, allVersions: true, limit: pageSize, offset })
    found.push(...page.map(({ target }) => target).filter((target) => liesIn(target, directory.artifacts)))
    if (page.length < pageSize) return [...new Set(found)]
  }
}
