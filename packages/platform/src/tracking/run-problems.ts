import type { Transaction } from '../database/index.ts'
import { noteChange } from './change-notes.ts'
import { problemLimit } from './journal-batch.ts'

const moreProblems = 'There were more problems, which are not listed.'

/** Adds sentences to the problems of a run; each is kept once. */
export async function addProblems(transaction: Transaction, run: number, sentences: Iterable<string>): Promise<void> {
  const { kysely } = transaction
  const row = await kysely.selectFrom('run_documents').select('problems').where('run', '=', run).executeTakeFirstOrThrow()
  const problems = new Set(JSON.parse(row.problems) as string[])
  const countBefore = problems.size
  for (const sentence of sentences) {
    if (problems.size < problemLimit) problems.add(sentence)
    else if (!problems.has(sentence)) problems.add(moreProblems)
  }
  if (problems.size === countBefore) return
  await kysely
    .updateTable('run_documents')
    .set({ problems: JSON.stringify([...problems]) })
    .where('run', '=', run)
    .execute()
  await noteChange(transaction, 'run', run)
}
