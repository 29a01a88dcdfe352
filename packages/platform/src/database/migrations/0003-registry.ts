import type { Migration } from './migration.ts'

/**
 * Registered models. Nothing is forgotten: deleted models and versions keep their rows (`deleted_at`), every change is an event.
 * What a version came from is named by text, not by key: the registry outlives the runs and artifacts it tells about.
 */
const models = [
  `CREATE TABLE registered_models (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    -- The name with every percent-encoding undone: names that are each other's encoding cannot live side by side.
    plain_name TEXT NOT NULL,
    description TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    -- The number of the next version; numbers are never given twice.
    next_version INTEGER NOT NULL,
    deleted_at INTEGER
  ) STRICT`,
  `CREATE UNIQUE INDEX registered_models_name ON registered_models (project, name) WHERE deleted_at IS NULL`,
  `CREATE UNIQUE INDEX registered_models_plain_name ON registered_models (project, plain_name) WHERE deleted_at IS NULL`,
  `CREATE INDEX registered_models_ever ON registered_models (project, name)`,
  `CREATE TABLE registered_model_tags (
    model INTEGER NOT NULL REFERENCES registered_models (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX registered_model_tags_key ON registered_model_tags (key, model)`,
  // Stages beyond the ones every project has.
  `CREATE TABLE model_stages (
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL COLLATE NOCASE,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (project, name)
  ) STRICT, WITHOUT ROWID`,
]

const versions = [
  `CREATE TABLE model_versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    model INTEGER NOT NULL REFERENCES registered_models (number) ON DELETE CASCADE,
    -- 1, 2, 3... in each model.
    version INTEGER NOT NULL,
    -- What it was registered from, as it was written then.
    source TEXT NOT NULL,
    -- Where its bytes lie.
    location TEXT NOT NULL,
    run_id TEXT,
    run_link TEXT,
    artifact_id TEXT,
    logged_model_id TEXT,
    description TEXT,
    stage TEXT NOT NULL,
    status TEXT NOT NULL,
    status_message TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    deleted_at INTEGER,
    UNIQUE (model, version)
  ) STRICT`,
  `CREATE INDEX model_versions_stage ON model_versions (model, stage, version) WHERE deleted_at IS NULL`,
  `CREATE INDEX model_versions_run ON model_versions (run_id) WHERE run_id IS NOT NULL`,
  `CREATE INDEX model_versions_artifact ON model_versions (artifact_id) WHERE artifact_id IS NOT NULL`,
  `CREATE INDEX model_versions_updated ON model_versions (updated_at, number) WHERE deleted_at IS NULL`,
  `CREATE TABLE model_version_tags (
    version INTEGER NOT NULL REFERENCES model_versions (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (version, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX model_version_tags_key ON model_version_tags (key, version)`,
  `CREATE TABLE model_aliases (
    model INTEGER NOT NULL REFERENCES registered_models (number) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES model_versions (number) ON DELETE CASCADE,
    PRIMARY KEY (model, alias)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX model_aliases_version ON model_aliases (version)`,
]

const history = [
  `CREATE TABLE registry_events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    model INTEGER NOT NULL REFERENCES registered_models (number) ON DELETE CASCADE,
    -- The version's number within its model; NULL when the model itself changed.
    version INTEGER,
    kind TEXT NOT NULL,
    -- The alias or the tag.
    key TEXT,
    before TEXT,
    after TEXT,
    at INTEGER NOT NULL,
    -- Who, through which program, why.
    by TEXT NOT NULL,
    via TEXT NOT NULL,
    reason TEXT
  ) STRICT`,
  `CREATE INDEX registry_events_of_model ON registry_events (model, at, number)`,
  `CREATE INDEX registry_events_renames ON registry_events (before) WHERE kind = 'model_renamed'`,
]

export const registry: Migration = {
  number: 3,
  name: 'registry',
  statements: {
    sqlite: [...models, ...versions, ...history],
    // What COLLATE NOCASE says there.
    postgres: ['CREATE UNIQUE INDEX model_stages_any_case ON model_stages (project, lower(name))'],
  },
}
