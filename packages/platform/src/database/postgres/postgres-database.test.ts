import { describeDatabase } from '../testing/database-suite.ts'
import { createPostgresPlace } from '../testing/postgres-place.ts'
import { openPostgresDatabase } from './postgres-database.ts'

describeDatabase('Postgres', async () => {
  const { place, remove } = await createPostgresPlace()
  return { open: () => openPostgresDatabase(place), remove }
})
