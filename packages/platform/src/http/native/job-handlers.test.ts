import { expect, it } from 'vitest'
import { openShop } from '../testing/shop.ts'

it('a job whose code shows that it cannot be called is refused in one sentence, and nothing of it is kept', async () => {
  await using shop = await openShop()
  const submit = (task: object, text = 'def job(context, rate: int):\n    pass\n') =>
    shop.ask('POST', 'trainyard/v1/jobs', { task: { command: 'job.py', ...task }, code: { name: 'job.py', text } })
  const told = async (task: object): Promise<unknown> => {
    const answer = await submit(task)
    return [answer.statusCode, answer.json().error.message]
  }
  expect(await told({ handler: 'jo' })).toEqual([400, expect.stringContaining('The code of job.py has no handler')])
  expect(await told({ handler: 'job' })).toEqual([400, expect.stringContaining('rate')])
  expect(await told({ handler: 'job', parameters: { rte: 1 } })).toEqual([400, expect.stringContaining('rte')])
  expect((await shop.ask('GET', 'trainyard/v1/runs')).json().runs).toEqual([])
  expect(await shop.jobs.list({ limit: 10 })).toEqual([])
  expect((await submit({ handler: 'job', parameters: { rate: 1 } })).statusCode).toBe(200)
})
