import type { Migration } from './migration.ts'

/** Who is told of changes of the registry. Conventions as in the first migration. */
const statements = [
  // NULL until it is clear who is told; 0 for what nobody needs to be told, and for all that was before there were webhooks.
  `ALTER TABLE registry_events ADD COLUMN told_at INTEGER`,
  `UPDATE registry_events SET told_at = 0`,
  `CREATE INDEX registry_events_untold ON registry_events (number) WHERE told_at IS NULL`,
  `CREATE TABLE webhooks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    -- A JSON list of names.
    events TEXT NOT NULL,
    description TEXT,
    -- Sealed, see base/secret-box.ts.
    secret TEXT,
    is_active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE INDEX webhooks_of_project ON webhooks (project, number)`,
  `CREATE TABLE webhook_deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    webhook INTEGER NOT NULL REFERENCES webhooks (number) ON DELETE CASCADE,
    event TEXT NOT NULL,
    -- What is sent, letter by letter.
    body TEXT NOT NULL,
    -- waiting, delivered, failed
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- Not before that, while it waits; whoever tries it moves it, so that nobody else does.
    next_at INTEGER NOT NULL,
    last_at INTEGER,
    status INTEGER,
    error TEXT
  ) STRICT`,
  `CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at, number) WHERE state = 'waiting'`,
  `CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook, number)`,
]

export const webhookTables: Migration = { number: 9, name: 'webhooks', statements: { sqlite: statements } }
