import { expect, it } from 'vitest'
import { openShop } from '../testing/shop.ts'

const uid = 'd'.repeat(32)
const task = { metadata: { name: 'n', project: 'p1', uid }, spec: {} }
const program = { kind: 'job', metadata: { name: 'f' }, spec: { mode: 'pass', command: 'true' } }

it('a task that is submitted again leaves the run that it has become as it is', async () => {
  await using place = await openShop()
  expect((await place.ask('POST', 'v1/submit_job', { task, function: program })).statusCode).toBe(200)
  const again = await place.ask('POST', 'v1/submit_job', { task, function: program })
  expect(again.statusCode).toBe(409)
  expect(again.json()).toEqual({
    detail: `Run p1/${uid} is pending already; a task that is submitted again needs a uid of its own.`,
  })
  place.work()
  expect(await place.ended(uid)).toMatchObject({ state: 'completed' })
  expect((await place.ask('POST', 'v1/submit_job', { task, function: program })).statusCode).toBe(409)
  expect(await place.tracking.runs.get(uid)).toMatchObject({ state: 'completed' })
})

it('of two submissions of one task at the same time one becomes the job, and the other spoils nothing', async () => {
  await using place = await openShop()
  const answers = await Promise.all([1, 2, 3].map(() => place.ask('POST', 'v1/submit_job', { task, function: program })))
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
  expect(answers.every(({ statusCode }) => statusCode < 500)).toBe(true)
  place.work()
  expect(await place.ended(uid)).toMatchObject({ state: 'completed' })
})

it('a project is summed up with its schedules, and those of the next day', async () => {
  await using place = await openShop()
  const inHalfAYear = ((new Date().getUTCMonth() + 6) % 12) + 1
  for (const [name, schedule] of [
    ['often', '* * * * *'],
    ['rarely', `0 0 1 ${inHalfAYear} *`],
  ])
    await place.ask('POST', 'v1/submit_job', { task: { metadata: { name, project: 'p1' } }, function: program, schedule })
  expect((await place.ask('GET', 'v1/project-summaries/p1')).json()).toMatchObject({
    distinct_schedules_count: 2,
    distinct_scheduled_jobs_pending_count: 1,
  })
})

it('what is secret about a scheduled task is shown to nobody who looks at the schedule', async () => {
  await using place = await openShop()
  const spec = {
    secret_sources: [{ kind: 'inline', source: { TOKEN: 'hidden' } }],
    notifications: [{ kind: 'slack', secret_params: { webhook: 'https://hidden.example.org/' } }],
  }
  const scheduled = { task: { metadata: { name: 's', project: 'p1' }, spec }, function: program, schedule: '0 0 1 1 *' }
  expect((await place.ask('POST', 'v1/submit_job', scheduled)).statusCode).toBe(200)
  for (const path of ['v1/projects/p1/schedules/s', 'v1/projects/p1/schedules', 'trainyard/v1/schedules'])
    expect((await place.ask('GET', path)).body).not.toContain('hidden')
})
