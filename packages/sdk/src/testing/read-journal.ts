import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JournalEntry, JournalEntryType } from '@trainyard/contract'

export type EntryOf<Type extends JournalEntryType> = Extract<JournalEntry, readonly [number, number, Type, ...unknown[]]>

/** Reads as a supervisor does: whole lines only, numbers already taken are passed over. */
export function parseJournal(text: string): JournalEntry[] {
  const entries: JournalEntry[] = []
  let last = 0
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue
    const entry = JSON.parse(line) as JournalEntry
    if (entry[0] <= last) continue
    if (entry[0] !== last + 1) throw new Error(`entry ${entry[0]} follows ${last}`)
    last = entry[0]
    entries.push(entry)
  }
  return entries
}

export const journalFiles = (runDirectory: string): string[] =>
  readdirSync(runDirectory).filter((name) => name.startsWith('journal-') && name.endsWith('.jsonl'))

export const readJournal = (runDirectory: string): JournalEntry[] =>
  journalFiles(runDirectory).flatMap((name) => parseJournal(readFileSync(join(runDirectory, name), 'utf8')))

export const entriesOf = <Type extends JournalEntryType>(entries: readonly JournalEntry[], type: Type): EntryOf<Type>[] =>
  entries.filter((entry): entry is EntryOf<Type> => entry[2] === type)
