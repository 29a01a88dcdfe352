import { newRunId } from '@trainyard/contract'
import { expect, it } from 'vitest'
import { createRunTokens } from '../run-tokens.ts'
import { openServer } from '../testing/open-server.ts'

it('the token of a job writes to its own project, and changes no project, secret or source', async () => {
  const runTokens = createRunTokens('a secret')
  await using server = await openServer({ token: 'people', runTokens })
  const id = newRunId(1_000)
  await server.tracking.runs.create({
    id,
    name: 'train',
    project: 'mine',
    experiment: 'train',
    kind: 'run',
    state: 'running',
    owner: 'ada',
    host: 'here',
    outPath: server.folder,
    supervisor: { host: 'here', bootId: '', pid: 1, startTicks: 1, heartbeatAtMs: 1 },
  })
  const authorization = `Bearer ${runTokens.tokenOf(id)}`
  const ask = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
    await server.ask(method, `/api/v1/${path}`, body, { authorization })
  const run = { metadata: { name: 'child' }, status: { state: 'completed' } }
  expect((await ask('POST', `projects/mine/runs/${'c'.repeat(32)}`, run)).status).toBe(200)
  for (const [method, path, body] of [
    ['POST', `projects/theirs/runs/${'d'.repeat(32)}`, run],
    ['POST', 'submit_job', { task: { metadata: { name: 'x', project: 'theirs' }, spec: { function: 'theirs/x' } } }],
    ['POST', 'build/function', { function: { metadata: { name: 'x', project: 'theirs' } } }],
    ['POST', 'projects/mine/secrets', { provider: 'kubernetes', secrets: { a: 'b' } }],
    ['DELETE', 'projects/mine', undefined],
  ] as const) {
    const answer = await ask(method, path, body)
    expect([answer.status, answer.text], path).toEqual([403, expect.stringContaining('token of a job')])
  }
  expect(await server.tracking.projects.find('theirs')).toBeUndefined()
})
