import type { Migration } from './migration.ts'

/** What a project says of itself, and its secrets. Conventions as in the first migration. */
const statements = [
  `CREATE TABLE project_documents (
    project INTEGER PRIMARY KEY REFERENCES projects (number),
    -- online, archived, offline
    state TEXT NOT NULL,
    -- A JSON object with the members metadata and spec, as in project.yaml without name and times.
    document TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE project_secrets (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    -- Sealed, see base/secret-box.ts.
    value TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE UNIQUE INDEX project_secrets_by_name ON project_secrets (project, name)`,
]

export const projectDocuments: Migration = { number: 13, name: 'projects', statements: { sqlite: statements } }
