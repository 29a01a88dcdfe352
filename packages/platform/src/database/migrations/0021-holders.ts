import type { Migration } from './migration.ts'

/** Who carries a request out: the presence of a server, which others can see gone. */
const statements = [`ALTER TABLE kept_answers ADD COLUMN holder TEXT`]

export const holders: Migration = { number: 21, name: 'holders', statements: { sqlite: statements } }
