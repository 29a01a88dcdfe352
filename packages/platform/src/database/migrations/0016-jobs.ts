import type { Migration } from './migration.ts'

/** What is to be run on servers. Conventions as in the first migration. */
const statements = [
  `CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The run's id: its record is made in the same breath.
    run TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    -- queued, leased, ended
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    -- Not before that: the pause between two attempts.
    ready_at INTEGER NOT NULL,
    -- When it gives up waiting.
    pending_until INTEGER,
    -- Why it still waits.
    reason TEXT,
    cpu_milli INTEGER NOT NULL,
    memory INTEGER NOT NULL,
    gpus INTEGER NOT NULL,
    -- Only servers of that machine may take it.
    host TEXT,
    -- Attempts that have begun.
    attempt INTEGER NOT NULL,
    -- What to run, as JSON.
    plan TEXT NOT NULL,
    -- Values of secrets, sealed; gone when it ends.
    secrets TEXT,
    -- Who runs it: the process, its machine, and until when nobody else may.
    lease_owner TEXT,
    lease_host TEXT,
    lease_until INTEGER,
    leased_at INTEGER,
    ended_at INTEGER
  ) STRICT`,
  `CREATE INDEX jobs_queued ON jobs (priority DESC, number) WHERE state = 'queued'`,
  `CREATE INDEX jobs_leased ON jobs (lease_owner) WHERE state = 'leased'`,
  `CREATE INDEX jobs_ended ON jobs (ended_at) WHERE state = 'ended'`,
  `CREATE TABLE job_limits (
    project TEXT PRIMARY KEY,
    running INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
]

export const jobTables: Migration = { number: 16, name: 'jobs', statements: { sqlite: statements } }
