import type { Migration } from './migration.ts'

/** Points that are stored but not yet in their series: what makes logging one of them cheap. Conventions as in the first migration. */
const metricArrivals = [
  // Without AUTOINCREMENT, which writes a second page at each insert; a number may come again once its row is gone.
  `CREATE TABLE metric_arrivals (
    number INTEGER PRIMARY KEY,
    -- Points of any runs: see tracking/metric-arrivals.ts.
    body BLOB NOT NULL
  ) STRICT`,
]

export const arrivals: Migration = { number: 4, name: 'arrivals', statements: { sqlite: metricArrivals } }
