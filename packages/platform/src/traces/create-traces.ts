import { type Clock, systemClock } from '../base/clock.ts'
import type { Database } from '../database/index.ts'
import { checkAssessment, createAssessmentRecords } from './assessment-records.ts'
import { createShippedTraces } from './shipped-traces.ts'
import { addSpans, toSpanRow } from './span-change.ts'
import { checkTrace, linkPrompts, linkToRun, putTrace, removeTraces, setTags } from './trace-change.ts'
import { loadSpans, loadTraces } from './trace-loading.ts'
import { checkTexts } from './trace-names.ts'
import { traceNumbers } from './trace-rows.ts'
import { traceFigures } from './trace-figures.ts'
import { countOverlap, searchTraces } from './trace-search.ts'
import type { TraceRecord, Traces } from './traces.ts'

/** Traces over one open database. It owns nothing: whoever opened the database closes it. */
export function createTraces(database: Database, options: { clock?: Clock } = {}): Traces {
  const { clock = systemClock } = options
  const findMany = (ids: readonly string[]): Promise<TraceRecord[]> =>
    database.read(async (reader) => {
      const known = await traceNumbers(reader, ids)
      return await loadTraces(
        reader,
        ids.flatMap((id) => known.get(id) ?? []),
      )
    })
  return {
    put: async (trace) => {
      checkTrace(trace)
      for (const assessment of trace.assessments ?? []) checkAssessment(assessment)
      return await database.write(async (transaction) => {
        const number = await putTrace(transaction, trace, clock.nowMs())
        return (await loadTraces(transaction, [number]))[0]!
      })
    },
    addSpans: async (experimentId, spans) => {
      if (spans.length === 0) return
      // Of one that is sent twice in a batch the later is meant.
      const last = [...new Map(spans.map((span) => [`${span.traceId} ${span.id}`, span])).values()]
      const rows = last.map(toSpanRow)
      await database.write((transaction) => addSpans(transaction, experimentId, last, rows))
    },
    find: async (id) => (await findMany([id]))[0],
    findMany,
    spansOf: (ids) => database.read((reader) => loadSpans(reader, ids)),
    setTags: async (id, tags) => {
      checkTexts('tag', Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, value ?? ''])))
      await database.write((transaction) => setTags(transaction, id, tags))
    },
    remove: (selection) => database.write((transaction) => removeTraces(transaction, selection)),
    search: (query) => database.read((reader) => searchTraces(reader, query)),
    figures: (query) => database.read((reader) => traceFigures(reader, query)),
    countOverlap: (query) => database.read((reader) => countOverlap(reader, query)),
    linkToRun: (ids, runId) => database.write((transaction) => linkToRun(transaction, ids, runId)),
    linkPrompts: (id, prompts) => database.write((transaction) => linkPrompts(transaction, id, prompts)),
    assessments: createAssessmentRecords(database, clock),
    shipped: createShippedTraces(database),
  }
}
