import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { JournalArtifact, JournalEnd, JournalStart, JsonObject } from '@trainyard/contract'
import { journalsIn, type RunDirectory } from './run-directory.ts'

export interface JournalFacts {
  start: (JournalStart & { timeMs: number }) | undefined
  end: JournalEnd | undefined
  artifacts: (JournalArtifact & { timeMs: number })[]
  children: { id: string; iteration: number; parameters: JsonObject }[]
  best: { id: string; iteration: number }[]
  lastTimeMs: number
}

const rare = /^\[\d+, ?\d+, ?"(start|end|artifact|child|best)"/
const timeOf = /^\[\d+, ?(\d+)/

/**
 * Everything in a run's journals that a supervisor acts on, read from the beginning: after a crash, what had been taken into the
 * store is skipped there, and what had not yet been acted on is done now. Metric lines are passed over unparsed.
 */
export async function scanJournals(directory: RunDirectory): Promise<JournalFacts> {
  const facts: JournalFacts = { start: undefined, end: undefined, artifacts: [], children: [], best: [], lastTimeMs: 0 }
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
  else if (type === 'end') facts.end = body as JournalEnd
  else if (type === 'artifact') facts.artifacts.push({ ...(body as JournalArtifact), timeMs })
  else if (type === 'child') facts.children.push(body as JournalFacts['children'][number])
  else if (type === 'best') facts.best.push(body as JournalFacts['best'][number])
}
