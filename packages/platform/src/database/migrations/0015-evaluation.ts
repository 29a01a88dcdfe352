import type { Migration } from './migration.ts'

/** Data sets of questions that evaluations ask, and what judges the answers. */
const statements = [
  `CREATE TABLE evaluation_datasets (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- d- and 32 digits.
    id TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    -- A JSON object: fields of inputs, outputs and expectations with the type that was seen first; NULL before there are records.
    schema TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT,
    updated_by TEXT
  ) STRICT`,
  `CREATE INDEX evaluation_datasets_newest ON evaluation_datasets (project, created_at, number)`,
  `CREATE TABLE evaluation_dataset_tags (
    dataset INTEGER NOT NULL REFERENCES evaluation_datasets (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (dataset, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE evaluation_dataset_experiments (
    dataset INTEGER NOT NULL REFERENCES evaluation_datasets (number) ON DELETE CASCADE,
    experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
    PRIMARY KEY (dataset, experiment)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX evaluation_dataset_experiments_back ON evaluation_dataset_experiments (experiment)`,
  `CREATE TABLE evaluation_records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- dr- and 32 digits.
    id TEXT NOT NULL UNIQUE,
    dataset INTEGER NOT NULL REFERENCES evaluation_datasets (number) ON DELETE CASCADE,
    -- SHA-256 of the inputs with sorted keys: what is asked twice is one record.
    inputs_hash TEXT NOT NULL,
    -- JSON.
    inputs TEXT NOT NULL,
    outputs TEXT,
    expectations TEXT,
    tags TEXT NOT NULL,
    source TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT,
    updated_by TEXT,
    UNIQUE (dataset, inputs_hash)
  ) STRICT`,
  `CREATE INDEX evaluation_records_of_dataset ON evaluation_records (dataset, number)`,
  `CREATE TABLE scorers (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- Numbers are never given twice, also when the version that had it is gone.
    last_version INTEGER NOT NULL,
    -- Which traces it shall look at by itself; all NULL until somebody says.
    sampling_id TEXT,
    sampling_rate REAL,
    sampling_filter TEXT,
    UNIQUE (experiment, name)
  ) STRICT`,
  `CREATE TABLE scorer_versions (
    scorer INTEGER NOT NULL REFERENCES scorers (number) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    -- As its client wrote it: nothing here runs it.
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (scorer, version)
  ) STRICT, WITHOUT ROWID`,
]

export const evaluationTables: Migration = { number: 15, name: 'evaluation', statements: { sqlite: statements } }
