import type { Migration } from './migration.ts'

/** When runs are asked for. Conventions as in the first migration. */
const statements = [
  `CREATE TABLE schedules (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    -- active, paused, ended
    state TEXT NOT NULL,
    -- cron, interval, once, artifact, model, webhook
    kind TEXT NOT NULL,
    timing TEXT NOT NULL,
    jitter INTEGER NOT NULL,
    concurrency TEXT NOT NULL,
    catch_up TEXT NOT NULL,
    job TEXT NOT NULL,
    -- Values, sealed; and their names, as a JSON list.
    secrets TEXT,
    secret_names TEXT NOT NULL,
    labels TEXT NOT NULL,
    -- The time it is meant for, and that with its jitter: both NULL unless the clock fires it.
    planned_at INTEGER,
    next_at INTEGER,
    -- The last artifact or event of the registry that was looked at.
    seen INTEGER,
    -- SHA-256 of a webhook's token.
    token TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (project, name)
  ) STRICT`,
  `CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL`,
  `CREATE INDEX schedules_by_kind ON schedules (kind, state)`,
  `CREATE TABLE schedule_firings (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule INTEGER NOT NULL REFERENCES schedules (number) ON DELETE CASCADE,
    planned_at INTEGER NOT NULL,
    fired_at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    -- claimed (its job is being asked for), started, skipped, failed
    outcome TEXT NOT NULL,
    run TEXT,
    reason TEXT,
    -- What the trigger brought, as JSON.
    facts TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX schedule_firings_of ON schedule_firings (schedule, number)`,
  `CREATE INDEX schedule_firings_claimed ON schedule_firings (number) WHERE outcome = 'claimed'`,
]

export const scheduleTables: Migration = { number: 18, name: 'schedules', statements: { sqlite: statements } }
