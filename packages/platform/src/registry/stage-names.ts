import { AppError, didYouMean } from '@trainyard/contract'
import { ensureProject, type Reader } from '../database/index.ts'
import type { Change } from './registry-events.ts'
import { checkStageName } from './registry-names.ts'

/** In every project. A version starts in None; Archived is where versions go that others replaced. */
export const builtInStages = ['None', 'Staging', 'Production', 'Archived'] as const

export const firstStage = 'None'
export const archivedStage = 'Archived'

const sameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase()

export async function listStages({ kysely }: Reader, project: string): Promise<string[]> {
  const added = await kysely
    .selectFrom('model_stages')
    .innerJoin('projects', 'projects.number', 'model_stages.project')
    .select('model_stages.name')
    .where('projects.name', '=', project)
    .orderBy('model_stages.created_at')
    .orderBy('model_stages.name')
    .execute()
  return [...builtInStages, ...added.map((stage) => stage.name)]
}

/** How the stage is written, whatever the case it was typed in; `invalid_argument` names the stages there are. */
export async function canonicalStage(reader: Reader, project: string, typed: string): Promise<string> {
  const stages = await listStages(reader, project)
  const known = stages.find((stage) => sameName(stage, typed))
  if (known !== undefined) return known
  throw new AppError(
    'invalid_argument',
    `There is no stage '${typed.slice(0, 80)}'${didYouMean(typed, stages)}; the stages are ${stages.join(', ')}.`,
    { details: { record: 'stage', rule: 'unknown', stage: typed, stages } },
  )
}

/** Makes it a stage of the project, which is made when missing; how it is written where there is one of that name in another case. */
export async function addStage({ transaction, atMs, origin }: Change, project: string, name: string): Promise<string> {
  checkStageName(name)
  const number = await ensureProject(transaction, project, atMs)
  const known = (await listStages(transaction, project)).find((stage) => sameName(stage, name))
  if (known !== undefined) return known
  await transaction.kysely
    .insertInto('model_stages')
    .values({ project: number, name, created_at: atMs, created_by: origin.by })
    .execute()
  return name
}
