import type { RunRecord } from '@trainyard/contract'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'
import { openBrowser, openPage, pageProblems, serve, type Served } from './browser.ts'

const script = `
import os, time
def probe(context, source: str, rounds: int = 3, gate: str = "", loud: bool = False):
    """Look at a source.

    :param source: where to look
    :param rounds: how often
    """
    for step in range(rounds):
        context.log_metrics({"loss": 1.0 / (step + 1)}, step=step)
    while gate and not os.path.exists(gate):
        time.sleep(0.05)
`

let workshop: Workshop
let served: Served
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  workshop = new Workshop()
  ;[served, browser] = await Promise.all([serve(workshop), openBrowser()])
  page = await openPage(browser, complaints)
  workshop.write('probe.py', script)
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await served?.[Symbol.asyncDispose]()
  workshop?.[Symbol.dispose]()
}, 60_000)

const open = async (path: string): Promise<void> => void (await page.goto(served.url + path))
const form = () => page.getByRole('dialog')
const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
const submit = (name: string) => form().getByRole('button', { name, exact: true }).click()

describe('somebody who makes things without a command line', { timeout: 120_000 }, () => {
  it('makes a project, and is told when there is one of that name already', async () => {
    await open('/projects')
    await press('New project')
    await form().getByLabel('Name').fill('night')
    await form().getByLabel('Description').fill('What happens *at night*.')
    await form().getByLabel('Owner').fill('maria')
    await submit('Make')
    await page.getByRole('heading', { name: 'night', level: 1 }).waitFor()
    await open('/p/night/settings')
    await page.getByText('at night').waitFor()
    await page.getByText('maria').waitFor()
    await open('/p/night')
    await page.getByText('at night').waitFor()
    await page.getByText('of maria').waitFor()
    await page.getByRole('link', { name: '0 functions' }).waitFor()
    // Started by hand and not through npx, which finds nothing outside a clone.
    await page.getByText(/^trainyard run training.py --project night/).waitFor()
    await page.getByRole('link', { name: 'settings and secrets' }).click()
    await page.getByRole('heading', { name: 'Put aside or delete' }).waitFor()
    await open('/projects')
    await page.getByRole('link', { name: 'night', exact: true }).waitFor()
    await press('New project')
    await form().getByLabel('Name').fill('night')
    await submit('Make')
    await form().getByRole('alert').getByText('There is a project night already').waitFor()
    await page.keyboard.press('Escape')
    await form().waitFor({ state: 'detached' })
  })

  it('is told what a schedule needs while there is no function', async () => {
    await open('/p/night/schedules')
    await press('New schedule')
    await form().getByText('function new train.py').waitFor()
    await submit('Close')
  })

  it('schedules a function: cron is read out while it is typed, and what cannot be is refused in its place', async () => {
    const made = await workshop.run('function', 'new', 'probe.py', '--handler', 'probe', '--project', 'night')
    expect(made.code, made.stderr).toBe(0)
    await open('/p/night/functions/probe')
    await press('Schedule')
    await form()
      .getByText(/^Next: .* 03:00:00/)
      .waitFor()
    await form().getByLabel('Cron').fill('0 3 30 2 *')
    await form().getByText('The schedule would never fire').waitFor()
    await form().getByLabel('Cron').fill('30 4 * * *')
    await form().getByLabel('Time zone').selectOption('Asia/Tokyo')
    await form()
      .getByText(/Next: .* 04:30:00 \(Asia\/Tokyo\)Here: .* /)
      .waitFor()
    await form().getByLabel('Time zone').selectOption('UTC')
    await form()
      .getByText(/^Next: .* 04:30:00/)
      .waitFor()
    await form().getByRole('textbox', { name: 'Name' }).fill('nightly')
    await submit('Add')
    await form().getByRole('alert').getByText('source').waitFor()
    await form()
      .getByLabel(/^source/)
      .fill('lake')
    await form().getByLabel('Tell of its end').selectOption('Slack')
    await form().getByLabel('When').selectOption('when it fails or is stopped')
    await form().getByLabel('Address of the webhook').fill('https://hooks.example.org/secret-place')
    await submit('Add')
    await page.getByRole('heading', { name: 'nightly', level: 2 }).waitFor()
    await page.getByRole('cell', { name: '30 4 * * * UTC' }).waitFor()
    const opened = page.locator('.card', { has: page.getByRole('heading', { name: 'nightly', level: 2 }) })
    await opened.getByText('lake').waitFor()
    await opened.getByText('slack · failed, aborted').waitFor()
    expect(await opened.getByRole('link', { name: 'night/probe:latest' }).getAttribute('href')).toBe('/p/night/functions/probe')
    const answer = await fetch(`${served.url}/api/trainyard/v1/schedules/night/nightly`)
    const told = await answer.text()
    expect(told).not.toContain('secret-place')
    expect((JSON.parse(told) as { schedule: { job: object } }).schedule.job).toMatchObject({
      function: 'db://night/probe:latest',
      task: { handler: 'probe', parameters: { source: 'lake' }, notifications: [{ kind: 'slack', when: ['failed', 'aborted'] }] },
    })
  })

  it('sees what came of a schedule last, and of a function its parameters and its runs', async () => {
    await open('/p/night/schedules')
    await page
      .getByRole('row', { name: /nightly/ })
      .getByText('not yet')
      .waitFor()
    await page.getByRole('button', { name: 'nightly' }).click()
    await press('Run now')
    const last = page.getByRole('row', { name: /^nightly/ })
    await last.getByText('completed').waitFor()
    await last.getByRole('link', { name: /ago|now/ }).click()
    await page.locator('.page-head .state', { hasText: 'completed' }).waitFor()
    await open('/p/night/functions/probe')
    await page.getByRole('row', { name: 'rounds int 3 how often' }).waitFor()
    await page.getByRole('row', { name: 'source str needed where to look' }).waitFor()
    await page.getByRole('row', { name: /completed/ }).waitFor()
    await open(`/p/night/runs?filter=${encodeURIComponent("labels.function like 'db://night/probe@%'")}`)
    await page.locator('[role=row]', { hasText: 'completed' }).first().waitFor()
  })

  it('refuses a second schedule of one name, and adds it under another from the page of schedules', async () => {
    await open('/schedules')
    await press('New schedule')
    await form().getByRole('textbox', { name: 'Name' }).fill('nightly')
    await form()
      .getByLabel(/^source/)
      .fill('archive')
    await submit('Add')
    await form().getByRole('alert').getByText('nightly').waitFor()
    await form().getByRole('textbox', { name: 'Name' }).fill('weekly')
    await form().getByLabel('Cron').fill('@weekly')
    await submit('Add')
    await page.getByRole('heading', { name: 'weekly', level: 2 }).waitFor()
  })

  it('sees at home one line for the runs of a schedule, and no experiment that nothing is in', async () => {
    const fire = () => fetch(`${served.url}/api/trainyard/v1/schedules/night/nightly/fire`, { method: 'POST' })
    expect([(await fire()).status, (await fire()).status]).toEqual([200, 200])
    await open('/p/night')
    await page.getByRole('link', { name: 'and 2 before it' }).waitFor()
    await open('/p/night/functions/probe')
    await page.getByRole('link', { name: 'and 2 before it' }).click()
    await page.locator('[role=row]', { hasText: 'nightly' }).nth(2).waitFor()
    expect(new URL(page.url()).searchParams.get('filter')).toBe("labels.schedule = 'nightly'")
    await open('/p/night/experiments')
    await page.getByRole('link', { name: 'probe', exact: true }).waitFor()
    await page.getByRole('link', { name: 'Default', exact: true }).waitFor({ state: 'detached' })
  })

  it('is refused what a function cannot take, in the form, and no run is made; truths are chosen, addresses are seen', async () => {
    const runs = async () => (await workshop.json<{ runs: RunRecord[] }>('ls', '--project', 'night')).runs.length
    const before = await runs()
    await open('/p/night/functions/probe')
    await press('Run')
    await form()
      .getByLabel(/^source/)
      .fill('lake')
    await form()
      .getByLabel(/^rounds/)
      .fill('abc')
    await form().getByLabel(/^loud/).selectOption('true')
    await form().getByLabel('Tell of its end').selectOption('Webhook')
    expect(await form().getByLabel('Address').getAttribute('type')).not.toBe('password')
    await form().getByLabel('Tell of its end').selectOption('nobody')
    await submit('Run')
    await form().getByRole('alert').getByText('The parameter rounds of probe must be int, not "abc".').waitFor()
    expect(await runs()).toBe(before)
    await form()
      .getByLabel(/^rounds/)
      .fill('2')
    await submit('Run')
    await page.locator('.page-head .state', { hasText: 'completed' }).waitFor()
    const { run } = await workshop.json<{ run: RunRecord }>('show', 'probe', '--project', 'night')
    expect(run.parameters).toMatchObject({ rounds: 2, loud: true })
  })

  it('says who is told of the end of a run that goes on', async () => {
    const gate = `${workshop.folder}/gate`
    await open('/p/night/functions/probe')
    await press('Run')
    await form()
      .getByLabel(/^source/)
      .fill('lake')
    await form().getByLabel(/^gate/).fill(gate)
    await form().getByLabel('Tell of its end').selectOption('Webhook')
    await form().getByLabel('Address').fill('https://example.org/hidden')
    await submit('Run')
    await page.locator('.page-head .state', { hasText: 'running' }).waitFor()
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByRole('cell', { name: 'webhook-1 (webhook)' }).waitFor()
    await press('Tell somebody')
    await form().getByText('Takes the place of webhook-1').waitFor()
    await form().getByLabel('Tell of its end').selectOption('GitHub issue')
    await form().getByLabel('Repository').fill('owner/name')
    await form().getByLabel('Number of the issue').fill('12')
    await submit('Tell')
    await page.getByRole('cell', { name: 'git-1 (git)' }).waitFor()
    await page.getByRole('cell', { name: 'waits for the end' }).waitFor()
    workshop.write('gate', '')
    await page.locator('.page-head .state', { hasText: 'completed' }).waitFor()
    const { run } = await workshop.json<{ run: RunRecord }>('show', 'probe', '--project', 'night')
    expect(run.state).toBe('completed')
  })
})

describe('pages where things are made', { timeout: 240_000 }, () => {
  it('hold for axe-core, forms and all, in both themes, and never scroll sideways, down to a phone', async () => {
    const found: string[] = []
    const look = async (path: string, button?: string): Promise<void> => {
      await open(path)
      await page.locator('main h1').first().waitFor()
      if (button !== undefined) {
        await press(button)
        await form().getByRole('heading', { level: 2 }).waitFor()
      }
      found.push(...(await pageProblems(page, `${path} ${button ?? ''}`)))
    }
    await look('/projects')
    await look('/projects', 'New project')
    await look('/p/night/functions/probe')
    await look('/p/night/functions/probe', 'Schedule')
    await look('/p/night/schedules?schedule=night/nightly')
    await look('/schedules', 'New schedule')
    expect(found).toEqual([])
  })

  it('make the browser complain of nothing but what was refused', () => {
    expect(complaints.filter((complaint) => !/status of (?:400|404|409|422)/.test(complaint))).toEqual([])
  })
})
