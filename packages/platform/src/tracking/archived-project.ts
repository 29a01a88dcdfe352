import { AppError } from '@trainyard/contract'
import type { Reader } from '../database/index.ts'

/** A project in the archive keeps everything and takes no new runs; iterations of what is there already may be made. */
export async function refuseArchived({ kysely }: Reader, project: string): Promise<void> {
  const found = await kysely
    .selectFrom('projects as p')
    .innerJoin('project_documents as d', 'd.project', 'p.number')
    .select('d.state')
    .where('p.name', '=', project)
    .where('d.state', '=', 'archived')
    .executeTakeFirst()
  if (found)
    throw new AppError(
      'failed_precondition',
      `The project ${project} is archived and takes no new runs; bring it back with: trainyard project archive ${project} --undo`,
      { details: { project } },
    )
}
