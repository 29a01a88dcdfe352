import type { Migration } from './migration.ts'

/** Points that arrived and cannot be stored in a series, kept for a person to look at. Conventions as in the first migration. */
const statements = [
  `CREATE TABLE metric_arrivals_aside (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- As in metric_arrivals.
    body BLOB NOT NULL,
    -- Why it could not be stored.
    reason TEXT NOT NULL
  ) STRICT`,
]

export const arrivalsAside: Migration = { number: 11, name: 'arrivals aside', statements: { sqlite: statements } }
