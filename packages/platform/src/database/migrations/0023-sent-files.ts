import type { Migration } from './migration.ts'

/** What the files of logged models and traces were when they arrived from another machine, see 0019. */
const statements = [
  `CREATE TABLE sent_files (
    number INTEGER PRIMARY KEY,
    -- One of the two.
    model INTEGER REFERENCES logged_models (number) ON DELETE CASCADE,
    trace INTEGER REFERENCES traces (number) ON DELETE CASCADE,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (model, path),
    UNIQUE (trace, path)
  ) STRICT`,
]

export const sentFiles: Migration = { number: 23, name: 'sent files', statements: { sqlite: statements } }
