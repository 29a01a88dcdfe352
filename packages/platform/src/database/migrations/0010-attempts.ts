import type { Migration } from './migration.ts'

/** How much of a series earlier attempts at its run have logged: points that a later one replaces where it logs the same steps. */
const attempts = [
  // The first so many points, in order of arrival.
  `ALTER TABLE metric_series ADD COLUMN earlier_count INTEGER NOT NULL DEFAULT 0`,
  // The highest step among them.
  `ALTER TABLE metric_series ADD COLUMN earlier_step INTEGER NOT NULL DEFAULT 0`,
]

export const attemptsInSeries: Migration = { number: 10, name: 'attempts in series', statements: { sqlite: attempts } }
