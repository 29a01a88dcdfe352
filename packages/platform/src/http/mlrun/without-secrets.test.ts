import { expect, it } from 'vitest'
import { openServer } from '../testing/open-server.ts'

const path = `/api/v1/projects/p1/runs/${'a'.repeat(32)}`
const notification = { kind: 'slack', name: 'told', secret_params: { webhook: 'https://hidden.example.org/' } }

it('what is secret about a run is in no record of it, however it came', async () => {
  await using server = await openServer()
  const run = {
    metadata: { name: 'train', project: 'p1' },
    spec: {
      notifications: [notification],
      secret_sources: [
        { kind: 'inline', source: { A: 'hidden' } },
        { kind: 'env', source: 'B' },
      ],
    },
    status: { state: 'running' },
  }
  await server.ask('POST', path, run)
  const stored = await server.ask('GET', path)
  expect(stored.text).not.toContain('hidden')
  expect(stored.json).toMatchObject({ data: { spec: { secret_sources: [{ kind: 'env' }] } } })
  await server.ask('PATCH', path, { 'spec.notifications': [notification] })
  expect((await server.ask('GET', path)).text).not.toContain('hidden')
})

it('notifications that are set on a run later are checked, shown without secrets, and will be sent', async () => {
  await using server = await openServer()
  await server.ask('POST', path, { metadata: { name: 'train' }, status: { state: 'running' } })
  expect((await server.ask('PUT', `${path}/notifications`, { notifications: [{ kind: 'pigeon' }] })).status).toBe(400)
  expect((await server.ask('PUT', `${path}/notifications`, { notifications: [notification] })).status).toBe(200)
  const { text, json } = await server.ask('GET', path)
  expect(text).not.toContain('hidden')
  expect(json).toMatchObject({ data: { spec: { notifications: [{ kind: 'slack', name: 'told' }] } } })
  const native = await server.ask('GET', `/api/trainyard/v1/runs/${'a'.repeat(32)}/notifications`)
  expect(native.text).toContain('"hasSecrets":true')
})

it('a hub source with credentials is refused rather than shown to everybody', async () => {
  await using server = await openServer()
  const source = (credentials: object) => ({
    source: { metadata: { name: 'h' }, spec: { path: 'https://hub.example.org', credentials } },
  })
  expect((await server.ask('POST', '/api/v1/hub/sources', source({ token: 'hidden' }))).status).toBe(400)
  expect((await server.ask('PUT', '/api/v1/hub/sources/h', { source: 5 })).status).toBe(400)
  expect((await server.ask('POST', '/api/v1/hub/sources', source({}))).status).toBe(201)
})

it('the build of a function that is not there is not said to be ready', async () => {
  await using server = await openServer()
  expect((await server.ask('GET', '/api/v1/build/status?name=nope&project=p1')).status).toBe(404)
  expect((await server.ask('GET', '/api/v1/build/status')).status).toBe(400)
  expect((await server.ask('POST', '/api/v1/build/function', {})).status).toBe(400)
})
