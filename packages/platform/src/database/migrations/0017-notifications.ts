import type { Migration } from './migration.ts'

/** Who is told when a run ends. Conventions as in the first migration. */
const statements = [
  `CREATE TABLE notifications (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    -- JSON: kind, name, when, condition, message, severity, params.
    spec TEXT NOT NULL,
    -- JSON of params that nobody may read, sealed, see base/secret-box.ts.
    sealed TEXT,
    -- The run's end that was looked at: NULL until there is one.
    told_at INTEGER,
    UNIQUE (run, ordinal)
  ) STRICT`,
  `CREATE INDEX notifications_untold ON notifications (run) WHERE told_at IS NULL`,
  `CREATE TABLE notification_deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    notification INTEGER NOT NULL REFERENCES notifications (number) ON DELETE CASCADE,
    run_state TEXT NOT NULL,
    -- waiting, delivered, failed, skipped
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- Not before that, while it waits; whoever tries it moves it, so that nobody else does.
    next_at INTEGER NOT NULL,
    last_at INTEGER,
    status INTEGER,
    error TEXT
  ) STRICT`,
  `CREATE INDEX notification_deliveries_due ON notification_deliveries (next_at, number) WHERE state = 'waiting'`,
  `CREATE INDEX notification_deliveries_of_notification ON notification_deliveries (notification, number)`,
]

export const notificationTables: Migration = { number: 17, name: 'notifications', statements: { sqlite: statements } }
