import { systemClock } from '../../base/clock.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import { createDefinitions } from '../../definitions/index.ts'
import { createEvaluation } from '../../evaluation/index.ts'
import { openWorkplace } from '../../jobs/testing/workplace.ts'
import { createNotifications } from '../../notifications/index.ts'
import { createRegistry } from '../../registry/index.ts'
import { createSchedules } from '../../schedules/index.ts'
import { createProjectSecrets } from '../../secrets/index.ts'
import { createTraces } from '../../traces/index.ts'
import { createWebhooks } from '../../webhooks/index.ts'
import { createServer } from '../server.ts'

/** A server of routes that takes jobs, beside a worker that begins when it is told to. */
export async function openShop() {
  const place = await openWorkplace()
  const { database, execution, tracking, jobs, folder } = place
  const box = createSecretBox(`${folder}/http.key`)
  const app = await createServer({
    tracking,
    jobs,
    execution,
    schedules: createSchedules({
      database,
      jobs,
      functions: place.functions,
      ground: place.execution,
      secrets: box,
      clock: systemClock,
    }),
    registry: createRegistry(database),
    traces: createTraces(database),
    evaluation: createEvaluation(database),
    webhooks: createWebhooks(database, { secrets: box, allowPrivate: false, clock: systemClock }),
    notifications: createNotifications(database, { box }),
    definitions: createDefinitions(database),
    projectSecrets: createProjectSecrets(database, { box, clock: systemClock }),
    clock: systemClock,
    objects: execution.objects,
    artifactFolder: execution.directory.artifacts,
    holdings: { directory: execution.directory, database, tracking, objectContext: execution.objects, places: execution.places },
    guard: { loopback: true, hosts: [], token: undefined },
  })
  return {
    ...place,
    ask: (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object) =>
      app.inject({ method, url: `/api/${url}`, ...(payload && { payload }) }),
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await place[Symbol.asyncDispose]()
    },
  }
}
