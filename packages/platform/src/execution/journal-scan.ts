import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JournalEnd, JournalStart } from '@trainyard/contract'
import { journalsIn, type RunDirectory } from './run-directory.ts'

export interface JournalFacts {
  start: (JournalStart & { timeMs: number }) | undefined
  end: JournalEnd | undefined
  lastTimeMs: number
}

const rare = /^\[\d+, ?\d+, ?"(start|end)"/
const timeOf = /^\[\d+, ?(\d+)/

/** What a run's journals say about its life, read from the beginning: other lines are passed over unparsed. */
export async function scanJournals(directory: RunDirectory): Promise<JournalFacts> {
  const facts: JournalFacts = { start: undefined, end: undefined, lastTimeMs: 0 }
  for (const name of journalsIn(directory)) {
    const lines = createInterface({
      input: createReadStream(join(directory.path, name), 'utf8'),
      crlfDelay: Number.POSITIVE_INFINITY,
    })
    for await (const line of lines) {
      facts.lastTimeMs = Math.max(facts.lastTimeMs, Number(timeOf.exec(line)?.[1] ?? 0))
      if (rare.test(line)) takeLine(line, facts)
    }
  }
  return facts
}

function takeLine(line: string, facts: JournalFacts): void {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    // The last line of a killed process may be cut; the store reports malformed lines as problems.
    return
  }
  if (!Array.isArray(entry)) return
  const [, timeMs, type, body] = entry as [number, number, string, unknown]
  // The store has checked the shapes of these entries when it took the journal in.
  if (type === 'start') facts.start ??= { ...(body as JournalStart), timeMs }
  else facts.end = body as JournalEnd
}
