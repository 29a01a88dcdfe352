import type { Migration } from './migration.ts'

/** What clients that send a record as one document say of it beyond our fields. Conventions as in the first migration. */
const statements = [
  `CREATE TABLE client_run_documents (
    run INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    -- JSON, in which the words NaN, Infinity and -Infinity may stand for numbers.
    body TEXT NOT NULL,
    -- Number of the last change of the run that the document knows of.
    seen INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE client_artifact_documents (
    artifact INTEGER PRIMARY KEY REFERENCES artifacts (number) ON DELETE CASCADE,
    -- 40 hexadecimal digits over what does not change about it.
    uid TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX client_artifact_documents_of_uid ON client_artifact_documents (uid)`,
  // What was made together: the id of the run, for iterations that of their sweep; any text where no run made it.
  `ALTER TABLE artifacts ADD COLUMN tree TEXT`,
  `UPDATE artifacts SET tree = (
    SELECT CASE WHEN r.kind = 'iteration' THEN p.id ELSE r.id END
    FROM runs r LEFT JOIN runs p ON p.number = r.parent WHERE r.number = artifacts.run
  )`,
  `CREATE INDEX artifacts_of_tree ON artifacts (tree, number) WHERE tree IS NOT NULL`,
]

export const clientDocuments: Migration = { number: 14, name: 'client documents', statements: { sqlite: statements } }
