import type { Migration } from './migration.ts'

/** Lists show runs that stand for themselves, with how many are nested in each: iterations of sweeps and nested runs come when asked for. */
const statements = [
  `DROP INDEX runs_newest`,
  `DROP INDEX runs_newest_of_project`,
  `CREATE INDEX runs_newest ON runs (created_at, number) WHERE trashed_at IS NULL AND iteration = 0 AND parent IS NULL`,
  `CREATE INDEX runs_newest_of_project ON runs (project, created_at, number)
    WHERE trashed_at IS NULL AND iteration = 0 AND parent IS NULL`,
  `CREATE INDEX runs_nested ON runs (parent) WHERE parent IS NOT NULL AND iteration = 0 AND trashed_at IS NULL`,
]

export const nestedRuns: Migration = { number: 20, name: 'nested runs', statements: { sqlite: statements } }
