import type { Migration } from './migration.ts'

/** Versioned documents by the hash of their content. Conventions as in the first migration. */
const statements = [
  `CREATE TABLE definitions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project INTEGER NOT NULL REFERENCES projects (number),
    -- function, feature-set, feature-vector, ...
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- The version saved last.
    newest INTEGER,
    UNIQUE (project, kind, name)
  ) STRICT`,
  `CREATE TABLE definition_versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    definition INTEGER NOT NULL REFERENCES definitions (number) ON DELETE CASCADE,
    -- What it is found by: its hash, or 'unversioned-<tag>' for a slot that each save overwrites.
    slot TEXT NOT NULL,
    -- SHA-1 of the body, 40 hex digits.
    hash TEXT NOT NULL,
    -- The kind that the document gives itself: job, serving, ...
    type TEXT NOT NULL,
    state TEXT,
    -- JSON: the document without what changes by itself, and what changes by itself.
    body TEXT NOT NULL,
    status TEXT,
    -- A JSON list of names.
    categories TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (definition, slot)
  ) STRICT`,
  `CREATE INDEX definition_versions_by_time ON definition_versions (definition, updated_at, number)`,
  `CREATE TABLE definition_tags (
    definition INTEGER NOT NULL REFERENCES definitions (number) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    version INTEGER NOT NULL REFERENCES definition_versions (number) ON DELETE CASCADE,
    PRIMARY KEY (definition, tag)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX definition_tags_of_version ON definition_tags (version)`,
  `CREATE TABLE definition_labels (
    version INTEGER NOT NULL REFERENCES definition_versions (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (version, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE definition_moves (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    definition INTEGER NOT NULL REFERENCES definitions (number) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    -- Hashes of the contents it led to before and after; no hash where it led nowhere.
    before TEXT,
    after TEXT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX definition_moves_of_definition ON definition_moves (definition, number)`,
]

export const definitionTables: Migration = { number: 12, name: 'definitions', statements: { sqlite: statements } }
