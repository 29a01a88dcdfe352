/**
 * One step of the schema. Steps are numbered from 1 without gaps, only ever go forward, run whole or not at all, import no live
 * code, and are never edited once released: a mistake is mended by the next step.
 */
export interface Migration {
  readonly number: number
  readonly name: string
  /** The statements of each kind of database, in order. */
  readonly statements: { readonly sqlite: readonly string[] }
}
