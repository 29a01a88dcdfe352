import type { RunRecord, RunStateChange } from '@trainyard/contract'
import type { Transaction } from '../database/index.ts'
import { toJson } from './run-create.ts'
import { indexedText } from './stored-value.ts'
import type { NewRun } from './tracking.ts'

/** A run as it is elsewhere. Numbers among the results are the last points of metrics, which come on their own. */
export interface RunImage {
  record: RunRecord
  history: readonly RunStateChange[]
}

export const toNewRun = (record: RunRecord): NewRun => ({
  id: record.id,
  name: record.name,
  project: record.project,
  experiment: record.experiment,
  kind: record.kind,
  ...(record.parentId === null ? {} : { parentId: record.parentId }),
  iteration: record.iteration,
  state: record.state,
  createdAtMs: record.createdAtMs,
  owner: record.owner,
  host: record.host,
  parameters: record.parameters,
  labels: record.labels,
  ...(record.task ? { task: record.task } : {}),
  outPath: record.outPath,
  ...(record.code ? { code: record.code } : {}),
  attempt: record.attempt,
})

/** What a record holds beside what `createRun` stores; repeats replace. */
export async function storeImage(transaction: Transaction, run: number, { record, history }: RunImage): Promise<void> {
  await transaction.kysely
    .updateTable('run_documents')
    .set({
      exit: toJson(record.exit),
      error: toJson(record.error),
      sweep: toJson(record.sweep),
      environment: toJson(record.environment),
      problems: JSON.stringify(record.problems),
    })
    .where('run', '=', run)
    .execute()
  await storeHistory(transaction, run, history)
  const results = Object.entries(record.results).map(([key, value]) => [run, key, indexedText(value), JSON.stringify(value)])
  await transaction.kysely.deleteFrom('results').where('run', '=', run).execute()
  await transaction.insertRows('results', ['run', 'key', 'text', 'value'], results)
  const inputs = record.inputs.map((input, at) => [run, input.key, at, input.url, input.sizeBytes ?? null, input.sha256 ?? null])
  await transaction.kysely.deleteFrom('inputs').where('run', '=', run).execute()
  await transaction.insertRows('inputs', ['run', 'key', 'ordinal', 'url', 'size_bytes', 'sha256'], inputs)
}

async function storeHistory(transaction: Transaction, run: number, history: readonly RunStateChange[]): Promise<void> {
  await transaction.kysely.deleteFrom('run_states').where('run', '=', run).execute()
  const rows = history.map(({ state, atMs, reason }, at) => [run, at + 1, state, atMs, reason])
  await transaction.insertRows('run_states', ['run', 'ordinal', 'state', 'at', 'reason'], rows)
}
