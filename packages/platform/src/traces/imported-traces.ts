import type { Database, Transaction } from '../database/index.ts'
import { addSpans, type SpanRow, toSpanRow } from './span-change.ts'
import { checkImage, putImage } from './trace-image.ts'
import type { SpanRecord, TraceImage } from './traces.ts'

/** A trace with an experiment of here. */
export interface ImportedTrace extends TraceImage {
  spans: readonly SpanRecord[]
  /** Tags that an earlier import brought and that are gone there. */
  removedTags: readonly string[]
}

export interface ImportedTraces {
  /**
   * Makes the trace under its own id, or brings it up to date, in one transaction; a repeat changes nothing. It is linked to the run it
   * says to be made in where that is here. One that is in another experiment stays there, which is told. Values that cannot be stored
   * are refused with `invalid_argument`.
   */
  take(trace: ImportedTrace): Promise<{ made: boolean; differences: string[] }>
}

export const createImportedTraces = (database: Database): ImportedTraces => ({
  take: async (trace) => {
    checkImage(trace)
    const rows = trace.spans.map(toSpanRow)
    return await database.write((transaction) => take(transaction, trace, rows))
  },
})

async function take(
  transaction: Transaction,
  { experimentId, spans, removedTags, ...trace }: ImportedTrace,
  rows: readonly SpanRow[],
): ReturnType<ImportedTraces['take']> {
  const { kysely } = transaction
  const stored = await kysely.selectFrom('traces').select(['number', 'experiment']).where('id', '=', trace.id).executeTakeFirst()
  const wanted = Number(experimentId)
  const number = await putImage(transaction, trace, stored?.experiment ?? wanted)
  if (removedTags.length > 0)
    await kysely.deleteFrom('trace_tags').where('trace', '=', number).where('key', 'in', removedTags).execute()
  if (spans.length > 0) await addSpans(transaction, experimentId, spans, rows)
  const differences =
    stored === undefined || stored.experiment === wanted
      ? []
      : [`it is in the experiment ${stored.experiment} here, and stays there`]
  return { made: stored === undefined, differences }
}
