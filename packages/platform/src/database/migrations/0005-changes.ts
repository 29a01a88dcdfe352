import type { Migration } from './migration.ts'

/**
 * What changed last, in one order over everything, so that a listener can go on where it left off; and answers to requests that
 * came with a key, so that a repeat gets the same one. Conventions as in the first migration.
 */
const changes = [
  // One row, from the first change on. A change takes the next number and holds the row until it is committed: numbers appear in their order.
  `CREATE TABLE change_counter (
    id INTEGER PRIMARY KEY,
    number INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE changes (
    -- run, metrics, output, artifacts, removed (all of a run), experiment
    kind TEXT NOT NULL,
    -- Number of the run or experiment. No foreign key: what is gone is told too.
    subject INTEGER NOT NULL,
    number INTEGER NOT NULL,
    -- Of what is gone: id and project, which nobody else knows any more.
    id TEXT,
    project TEXT,
    PRIMARY KEY (kind, subject)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX changes_in_order ON changes (number)`,
]

const answers = [
  `CREATE TABLE kept_answers (
    key TEXT PRIMARY KEY,
    -- SHA-256 of what was asked.
    request TEXT NOT NULL,
    -- NULL while the request is being carried out.
    status INTEGER,
    body TEXT,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX kept_answers_age ON kept_answers (at)`,
]

export const changeFeed: Migration = {
  number: 5,
  name: 'changes',
  statements: { sqlite: [...changes, ...answers] },
}
