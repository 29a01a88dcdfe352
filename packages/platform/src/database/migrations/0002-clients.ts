import type { Migration } from './migration.ts'

/**
 * What tracking clients keep beside runs: experiments with tags, a place and a trash; data sets that runs read; logged models that
 * runs read and make. Conventions as in the first migration.
 */
const experiments = [
  // Where the artifacts of its runs go; NULL for our own artifact folder.
  `ALTER TABLE experiments ADD COLUMN artifact_location TEXT`,
  // NULL: never changed since it was made.
  `ALTER TABLE experiments ADD COLUMN updated_at INTEGER`,
  `ALTER TABLE experiments ADD COLUMN trashed_at INTEGER`,
  `CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (experiment, key)
  ) STRICT, WITHOUT ROWID`,
]

const datasets = [
  `CREATE TABLE datasets (
    number INTEGER PRIMARY KEY,
    experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source TEXT NOT NULL,
    schema TEXT,
    profile TEXT,
    UNIQUE (experiment, name, digest)
  ) STRICT`,
  `CREATE TABLE dataset_inputs (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    dataset INTEGER NOT NULL REFERENCES datasets (number) ON DELETE CASCADE,
    -- Order of arrival in the run.
    ordinal INTEGER NOT NULL,
    -- Tags of the use, as a JSON object of texts.
    tags TEXT NOT NULL,
    PRIMARY KEY (run, dataset)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX dataset_inputs_of_dataset ON dataset_inputs (dataset)`,
]

const loggedModels = [
  `CREATE TABLE logged_models (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT,
    -- The run that made it.
    source_run INTEGER REFERENCES runs (number) ON DELETE SET NULL,
    -- pending, ready, failed
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    trashed_at INTEGER
  ) STRICT`,
  `CREATE INDEX logged_models_newest ON logged_models (experiment, created_at, number) WHERE trashed_at IS NULL`,
  `CREATE INDEX logged_models_name ON logged_models (experiment, name, number) WHERE trashed_at IS NULL`,
  `CREATE INDEX logged_models_source_run ON logged_models (source_run) WHERE source_run IS NOT NULL`,
  `CREATE TABLE logged_model_tags (
    model INTEGER NOT NULL REFERENCES logged_models (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE logged_model_params (
    model INTEGER NOT NULL REFERENCES logged_models (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
  ) STRICT, WITHOUT ROWID`,
  // What runs measured about the model: the latest value of each key, by run and data set ('' when none is named).
  `CREATE TABLE logged_model_metrics (
    model INTEGER NOT NULL REFERENCES logged_models (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    dataset_name TEXT NOT NULL,
    dataset_digest TEXT NOT NULL,
    step INTEGER NOT NULL,
    time INTEGER NOT NULL,
    value REAL,
    PRIMARY KEY (model, key, run, dataset_name, dataset_digest)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE run_models (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    model INTEGER NOT NULL REFERENCES logged_models (number) ON DELETE CASCADE,
    -- input or output
    direction TEXT NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (run, direction, model)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX run_models_of_model ON run_models (model)`,
]

export const clients: Migration = {
  number: 2,
  name: 'clients',
  statements: { sqlite: [...experiments, ...datasets, ...loggedModels] },
}
