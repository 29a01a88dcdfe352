import type { Migration } from './migration.ts'

/** What has been taken from other servers, or given to them, and how it looked then: a repeat moves only what has changed. */
const marks = [
  `CREATE TABLE migration_marks (
    -- The other side and the direction: 'from http://…', 'to http://…'.
    peer TEXT NOT NULL,
    -- experiment, run, relations, logged_model, model, version
    kind TEXT NOT NULL,
    -- What it is called there, and here.
    peer_id TEXT NOT NULL,
    local_id TEXT NOT NULL,
    -- Hash of what was moved.
    fingerprint TEXT NOT NULL,
    -- JSON: what the next time must know of this one.
    memory TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (peer, kind, peer_id)
  ) STRICT, WITHOUT ROWID`,
]

export const migrationMarks: Migration = { number: 8, name: 'migration marks', statements: { sqlite: marks } }
