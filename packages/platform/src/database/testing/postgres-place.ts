import { Client } from 'pg'
import { inject } from 'vitest'
import { openPostgresDatabase } from '../postgres/postgres-database.ts'
import type { TestPlace } from './test-place.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the test run's PostgreSQL server is to be had: its address, or of whom to ask for it. */
    postgresBroker: string
  }
}

/** Above this, cleaning takes longer than making a new one. */
const reusableBytes = 40_000_000

let server: Promise<{ url: string; admin: Client }> | undefined
const free: string[] = []

/** A superuser's address of the run's server. */
export async function testServerUrl(): Promise<string> {
  const broker = inject('postgresBroker')
  if (!broker.startsWith('http:')) return broker
  const answer = await fetch(broker)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

/** A database of its own, with our tables and nothing in them: one that an earlier test left, or a copy of a template. */
export async function createPostgresPlace(): Promise<TestPlace> {
  const { url, admin } = await (server ??= openServer())
  const known = free.pop()
  const name = known ?? `test_${crypto.randomUUID().replaceAll('-', '')}`
  if (known === undefined) await admin.query(`CREATE DATABASE ${name} TEMPLATE trainyard_template`)
  return { place: databaseOf(url, name), remove: () => clean(url, admin, name) }
}

/** An empty database without our tables. */
export async function createBarePostgresPlace(): Promise<TestPlace> {
  const { url, admin } = await (server ??= openServer())
  const name = `bare_${crypto.randomUUID().replaceAll('-', '')}`
  await admin.query(`CREATE DATABASE ${name}`)
  return { place: databaseOf(url, name), remove: async () => void (await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)) }
}

const databaseOf = (url: string, name: string): string => url.replace(/[^/]*$/, name)

async function openServer() {
  const url = await testServerUrl()
  const admin = new Client({ connectionString: url })
  await admin.connect()
  // Every worker of the run comes by here.
  await admin.query('SELECT pg_advisory_lock(1)')
  const { rowCount } = await admin.query("SELECT FROM pg_database WHERE datname = 'trainyard_template'")
  if (rowCount === 0) {
    await admin.query('CREATE DATABASE trainyard_unfinished')
    await (await openPostgresDatabase(databaseOf(url, 'trainyard_unfinished'))).close()
    await admin.query('ALTER DATABASE trainyard_unfinished RENAME TO trainyard_template')
  }
  await admin.query('SELECT pg_advisory_unlock(1)')
  return { url, admin }
}

const emptied = `DO $$
  DECLARE name text;
  BEGIN
    SET LOCAL search_path TO trainyard;
    SET LOCAL session_replication_role TO replica;
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'trainyard'::regnamespace AND relkind = 'r' AND relname <> 'trainyard_version'
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
    -- The one row that migrations put in.
    INSERT INTO change_counter (id, number) VALUES (1, 0);
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'trainyard'::regnamespace AND relkind = 'S'
    LOOP PERFORM setval(name::regclass, 1, false); END LOOP;
  END $$`

async function clean(url: string, admin: Client, name: string): Promise<void> {
  const { rows } = await admin.query<{ size: string }>('SELECT pg_database_size($1) AS size', [name])
  if (Number(rows[0]?.size) > reusableBytes) {
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    return
  }
  const client = new Client({ connectionString: databaseOf(url, name) })
  await client.connect()
  await client.query(emptied)
  await client.end()
  free.push(name)
}
