import { expect, it, vi } from 'vitest'
import { openShop } from '../testing/shop.ts'

const asking = (name: string, spec: object) => ({
  function: { kind: 'job', metadata: { name, project: 'p1' }, spec: { command: 'true', mode: 'pass', ...spec } },
})
const status = 'v1/build/status?project=p1&name='

it('a function that asks for no packages is ready at once, and keeps its image', async () => {
  await using shop = await openShop()
  const { data, ready } = (await shop.ask('POST', 'v1/build/function', asking('plain', { image: 'mlrun/mlrun' }))).json()
  expect(ready).toBe(true)
  expect(data).toMatchObject({ spec: { image: 'mlrun/mlrun' }, status: { state: 'ready' } })
  expect((await shop.ask('GET', `${status}plain`)).headers['x-mlrun-function-status']).toBe('ready')
})

it('a build is under way until the installer has ended; what that said is the log, counted in characters', async () => {
  await using shop = await openShop()
  const body = asking('asks', { build: { requirements: ['./no-such-pâckage'], commands: ['apt-get install ☃'] } })
  const { data, ready } = (await shop.ask('POST', 'v1/build/function', body)).json()
  expect(ready).toBe(false)
  expect(data).toMatchObject({ spec: { image: 'trainyard/p1-asks:latest' }, status: { state: 'running' } })
  const again = await shop.ask('POST', 'v1/build/function', body)
  expect(again.statusCode).toBe(409)
  const ended = await vi.waitFor(
    async () => {
      const answer = await shop.ask('GET', `${status}asks`)
      expect(answer.headers['x-mlrun-function-status']).toBe('error')
      return answer
    },
    { timeout: 120_000, interval: 50 },
  )
  expect(ended.body).toMatch(/^build commands are for images and were not run here: apt-get install ☃\n/)
  expect(ended.body).toContain('no-such-pâckage')
  const characters = Array.from(ended.body)
  expect((await shop.ask('GET', `${status}asks&offset=80`)).body).toBe(characters.slice(80).join(''))
  expect((await shop.ask('GET', `${status}asks&logs=no`)).body).toBe('')
})

it('jobs of what was built are given its packages, and only they', async () => {
  await using shop = await openShop()
  const body = asking('asks', { build: { image: 'ours:1', requirements: ['./no-such-package'] } })
  await shop.ask('POST', 'v1/build/function', body)
  const submit = (uid: string, image: string) =>
    shop.ask('POST', 'v1/submit_job', {
      task: { metadata: { name: 'n', project: 'p1', uid }, spec: {} },
      function: { kind: 'job', metadata: { name: 'f' }, spec: { mode: 'pass', command: 'true', image } },
    })
  const [built, other] = ['a'.repeat(32), 'b'.repeat(32)]
  await submit(built, 'ours:1')
  await submit(other, 'mlrun/mlrun')
  shop.work()
  expect(await shop.ended(built)).toMatchObject({
    state: 'failed',
    error: { type: 'requirements', message: expect.stringContaining('no-such-package') },
  })
  expect(await shop.ended(other)).toMatchObject({ state: 'completed' })
})

it('of builds that are asked for at the same time one is begun', async () => {
  await using shop = await openShop()
  const body = asking('asks', { build: { requirements: ['./no-such-package'] } })
  const answers = await Promise.all([1, 2, 3].map(() => shop.ask('POST', 'v1/build/function', body)))
  expect(answers.map(({ statusCode }) => statusCode).toSorted((one, other) => one - other)).toEqual([200, 409, 409])
})

it('a build that is refused leaves nothing behind', async () => {
  await using shop = await openShop()
  const names = ['a', 'b', 'c', 'd', 'e']
  const answers = await Promise.all(
    names.map((name) => shop.ask('POST', 'v1/build/function', asking(name, { build: { requirements: ['./no-such-package'] } }))),
  )
  const refused = names.filter((_, at) => answers[at]!.statusCode === 412)
  expect(refused).toHaveLength(1)
  expect((await shop.ask('GET', `${status}${refused[0]}`)).statusCode).toBe(404)
})

it('a function whose command is an address is there already; any other is not deployed', async () => {
  await using shop = await openShop()
  const save = (name: string, command: string) =>
    shop.ask('POST', `v1/projects/p1/functions/${name}`, { kind: 'remote', metadata: { name, project: 'p1' }, spec: { command } })
  await save('there', 'http://localhost:8070')
  await save('here', 'training.py')
  const answer = await shop.ask('GET', 'v1/projects/p1/nuclio/there/deploy?name=there&project=p1')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['x-mlrun-function-status']).toBe('ready')
  expect((await shop.ask('GET', 'v1/projects/p1/nuclio/here/deploy')).statusCode).toBe(404)
  expect((await shop.ask('GET', 'v1/projects/p1/nuclio/none/deploy')).statusCode).toBe(404)
})
