import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { eventually, Workshop } from './program.ts'

it('a receiver that cannot be told is refused before anything is made', async () => {
  using workshop = new Workshop()
  workshop.write('job.py', 'def job(context):\n    pass\n')
  for (const receiver of ['webhook=nourl', 'slack', 'webhook=$HOOK']) {
    expect(await workshop.run('run', 'job.py:job', '--notify', receiver)).toMatchObject({ code: 2, stdout: '' })
    expect(existsSync(join(workshop.folder, '.trainyard'))).toBe(false)
  }
})

it('a server refuses a local address at once unless it may and parameters that the code does not take, and the warning of a run tells so', async () => {
  using workshop = new Workshop()
  workshop.write('job.py', 'def job(context):\n    pass\n')
  const receiver = createServer((_request, response) => void response.writeHead(503).end('ok'))
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const notify = ['--notify', `webhook=http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`]
  const own = await workshop.run('run', 'job.py:job', ...notify)
  expect(own.stderr).toContain(
    'It answered with 503: ok. A server of this data directory tries again only if it may send to private addresses: trainyard up --allow-private-addresses.',
  )
  const serve = async (...flags: string[]) => {
    const server = workshop.start(['up', '--port', '0', '--no-open', ...flags])
    const note = join(workshop.folder, '.trainyard', 'server.json')
    await eventually(() => (existsSync(note) ? true : undefined))
    return server
  }
  const strict = await serve()
  const refused = await workshop.run('run', 'job.py:job', '--on', 'server', '--detach', ...notify)
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('trainyard up --allow-private-addresses') })
  const slip = await workshop.run('run', 'job.py:job', '-p', 'rate=1', '--on', 'server', '--notify', 'console')
  expect(slip).toMatchObject({ code: 2, stderr: expect.stringContaining('job has no parameter "rate"') })
  expect((await workshop.json<{ jobs: unknown[] }>('jobs', 'ls')).jobs).toEqual([])
  const told = await workshop.run('run', 'job.py:job', '--on', 'server', '--notify', 'console')
  expect(told.code).toBe(0)
  strict.kill('SIGTERM')
  await strict.finished
  const free = await serve('--allow-private-addresses')
  expect((await workshop.run('run', 'job.py:job', '--on', 'server', '--detach', ...notify)).code).toBe(0)
  expect((await workshop.run('run', 'job.py:job', ...notify)).stderr).toContain('(trainyard up) tries again.')
  free.kill('SIGTERM')
  await free.finished
  receiver.close()
})
