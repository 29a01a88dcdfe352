import type { Migration } from './migration.ts'

/** Versions that runs on other machines have registered, see 0007: which of theirs became which of ours. */
const statements = [
  `CREATE TABLE version_shipments (
    run_id TEXT NOT NULL,
    -- As it is called there.
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    -- Here.
    model_version INTEGER NOT NULL REFERENCES model_versions (number) ON DELETE CASCADE,
    PRIMARY KEY (run_id, name, version)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX version_shipments_here ON version_shipments (model_version)`,
]

export const versionShipments: Migration = { number: 22, name: 'version shipments', statements: { sqlite: statements } }
