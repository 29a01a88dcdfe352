import type { Migration } from './migration.ts'

/** Logged models and traces of runs that work on other machines, see 0007. */
const statements = [
  `CREATE TABLE logged_model_shipments (
    model INTEGER NOT NULL REFERENCES logged_models (number) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    PRIMARY KEY (model)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE trace_shipments (
    trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    -- Of all its machine knows of it; NULL while a part is missing here.
    digest TEXT,
    PRIMARY KEY (trace)
  ) STRICT, WITHOUT ROWID`,
]

export const shippedWork: Migration = { number: 19, name: 'shipped work', statements: { sqlite: statements } }
