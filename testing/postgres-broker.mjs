// Before the tests: a door in the main process behind which the first test that asks finds a PostgreSQL server started for the whole
// run. Asked by nobody, it starts nothing. TRAINYARD_TEST_POSTGRES names a server to be used instead.
import { createServer } from 'node:http'

/** @param {import('vitest/node').TestProject} project */
export default async function open(project) {
  const given = process.env.TRAINYARD_TEST_POSTGRES
  let starting
  const start = async () => {
    const { startPostgresServer } = await import('./engines/postgres-server.mjs')
    return await startPostgresServer()
  }
  const broker = createServer((_, response) => {
    starting ??= start()
    starting.then(
      (server) => response.end(server.url),
      (error) => response.writeHead(500).end(String(error.message)),
    )
  })
  if (given) {
    project.provide('postgresBroker', given)
    return undefined
  }
  await new Promise((resolve) => broker.listen(0, '127.0.0.1', resolve))
  project.provide('postgresBroker', `http://127.0.0.1:${broker.address().port}`)
  return async () => {
    broker.closeAllConnections()
    broker.close()
    const server = await starting?.catch(() => undefined)
    await server?.stop()
  }
}
