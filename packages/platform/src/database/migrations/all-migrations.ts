import { initial } from './0001-initial.ts'
import type { Migration } from './migration.ts'

/** In order; the last number is the version this program writes. */
export const allMigrations: readonly Migration[] = [initial]
