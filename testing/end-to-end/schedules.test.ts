import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { eventually, type Started, Workshop } from './program.ts'

let workshop: Workshop
let server: Started | undefined
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(async () => {
  server?.kill('SIGTERM')
  await server?.finished
  workshop[Symbol.dispose]()
})

const startServer = async (): Promise<void> => {
  server = workshop.start(['up', '--port', '0', '--no-open', '--allow-private-addresses'])
  await eventually(() => existsSync(join(workshop.folder, '.trainyard', 'server.json')) || undefined)
}

interface Listed {
  schedules: { name: string; upcomingMs: number[]; last: { runState: string | null; runId: string } | null }[]
}

it(
  'a kept function fires by the clock with its secret, tells who is to be told, and the list says how it went',
  { timeout: 180_000 },
  async () => {
    const told: { runs: object[]; key: unknown }[] = []
    const receiver = createServer((request, response) => {
      void (async () => {
        const body: unknown = await json(request)
        told.push({ ...(body as (typeof told)[number]), key: request.headers['x-key'] })
        response.end()
      })()
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    await using _receiver = { [Symbol.asyncDispose]: async () => void receiver.close() }
    const { port } = receiver.address() as AddressInfo
    workshop.write(
      'check.py',
      'def check(context, limit: float):\n    context.log_result("matches", context.get_secret("TOKEN") == "s3cret-value")\n',
    )
    await workshop.json('function', 'new', 'check.py:check')
    workshop.write(
      'task.yaml',
      `notifications:\n- kind: webhook\n  params: {url: 'http://127.0.0.1:${port}/'}\n  secretParams: {headers: {X-Key: hidden-key}}\n`,
    )
    const refused = await workshop.run('schedule', 'add', 's', '--every', '1s', 'db://check', '-p', 'limt=2')
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('did you mean limit?')])
    const arguments_ = ['--every', '1s', 'db://check', '-p', 'limit=2', '-s', 'TOKEN=s3cret-value', '--task', 'task.yaml']
    await workshop.json('schedule', 'add', 's', ...arguments_)
    await startServer()
    const [first] = await eventually(() => (told.length > 0 ? told : undefined))
    expect(first).toMatchObject({
      key: 'hidden-key',
      runs: [{ state: 'completed', labels: { schedule: 's' }, results: { matches: true } }],
    })
    await workshop.json('schedule', 'pause', 's')
    const { schedules } = await eventually(async () => {
      const listed = await workshop.json<Listed>('schedule', 'ls')
      return listed.schedules[0]?.last?.runState === 'completed' ? listed : undefined
    })
    expect(schedules).toMatchObject([{ name: 's', upcomingMs: [] }])
    const { stdout } = await workshop.run('schedule', 'ls')
    expect(stdout).toMatch(/s +default +every 1 s +paused +completed/)
    const kept = ['trainyard.db', 'trainyard.db-wal'].map((name) => join(workshop.folder, '.trainyard', name)).filter(existsSync)
    for (const path of kept)
      expect(readFileSync(path).includes('s3cret-value') || readFileSync(path).includes('hidden-key')).toBe(false)
    expect(kept).not.toEqual([])
  },
)

it('an item of a hub is taken into the project, and scheduled as it is today', { timeout: 180_000 }, async () => {
  await startServer()
  const { schedule } = await workshop.json<{ schedule: { job: { function: string } } }>(
    'schedule',
    'add',
    'make',
    '--on-webhook',
    'hub://gen_class_data',
    '-p',
    'n_samples=10',
  )
  expect(schedule.job.function).toMatch(/^db:\/\/default\/gen_class_data@[0-9a-f]{40}$/)
  const misspelt = await workshop.run('schedule', 'add', 'other', '--every', '1h', 'hub://gen_class_dta')
  expect([misspelt.code, misspelt.stderr]).toEqual([expect.any(Number), expect.stringMatching(/gen_class_data/)])
})

it('several schedules are removed at once, and none where one of the names is misspelled', { timeout: 180_000 }, async () => {
  for (const name of ['one', 'two']) await workshop.json('schedule', 'add', name, '--every', '1h', 'hub://gen_class_data')
  const refused = await workshop.run('schedule', 'rm', 'one', 'tow')
  expect([refused.code, refused.stderr]).toEqual([expect.any(Number), expect.stringContaining('tow')])
  expect(await workshop.json('schedule', 'rm', 'one', 'two', 'one')).toEqual({ removed: ['one', 'two'] })
  expect(await workshop.json('schedule', 'ls')).toEqual({ schedules: [] })
})
