/**
 * One step of the schema. Steps are numbered from 1 without gaps, only ever go forward, run whole or not at all, import no live
 * code, and are never edited once released: a mistake is mended by the next step.
 */
export interface Migration {
  readonly number: number
  readonly name: string
  /**
   * In order. Written once, in SQLite's spelling with types INTEGER, REAL, TEXT and BLOB only, which `postgres-spelling.ts` turns
   * into that of Postgres; `postgres` holds what only that one needs, to be run behind the others.
   */
  readonly statements: { readonly sqlite: readonly string[]; readonly postgres?: readonly string[] }
}
