import type { Migration } from './migration.ts'

/** Runs that work on other machines and are sent from there. */
const shipments = [
  `CREATE TABLE shipments (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    -- Of the record as it was last taken over: one that was sent earlier and comes later changes nothing.
    revision INTEGER NOT NULL,
    PRIMARY KEY (run)
  ) STRICT, WITHOUT ROWID`,
]

export const shipmentsOfRuns: Migration = { number: 7, name: 'shipments', statements: { sqlite: shipments } }
