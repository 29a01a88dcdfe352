import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, Workshop } from '../end-to-end/program.ts'
import { openBrowser, openPage, pageProblems, serve, type Served } from './browser.ts'
import { seedRuns } from './seed.ts'

let workshop: Workshop
let served: Served
let browser: Browser
let page: Page
let runs: Awaited<ReturnType<typeof seedRuns>>
const complaints: string[] = []

beforeAll(async () => {
  workshop = new Workshop()
  ;[runs, browser] = await Promise.all([seedRuns(workshop), openBrowser()])
  served = await serve(workshop)
  page = await openPage(browser, complaints)
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await served?.[Symbol.asyncDispose]()
  workshop?.[Symbol.dispose]()
}, 60_000)

const open = async (path: string): Promise<void> => void (await page.goto(served.url + path))
const row = (name: string) => page.locator('.run-table .rows .row', { hasText: name })
const rowNames = async (): Promise<string[]> => page.locator('.run-table .rows .cell.name a').allTextContents()

describe('somebody at the dashboard', { timeout: 120_000 }, () => {
  it('finds the best run, looks at it, and registers what it made', async () => {
    await open('/p/churn/runs')
    await row('better').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('val_auc > 0.9 params.dep')
    await page.locator('[role=option]', { hasText: 'params.depth' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    await page.locator('.filter-problem', { hasText: 'expected an operator' }).waitFor()
    await page.keyboard.type('= 8')
    await page.keyboard.press('Escape')
    await expect.poll(rowNames, { timeout: 30_000 }).toEqual(['better'])
    expect(new URL(page.url()).searchParams.get('filter')).toBe('metrics.val_auc > 0.9 and params.depth = 8')
    await row('better').getByRole('link').click()
    await page.getByRole('heading', { name: 'better' }).waitFor()
    await page.locator('canvas').first().waitFor()
    expect(await page.locator('.log-line').first().textContent()).toContain('val-auc')
    await page
      .getByRole('navigation', { name: 'Parts of the run' })
      .getByRole('link', { name: /Artifacts/ })
      .click()
    await page.getByRole('button', { name: 'table.csv' }).click()
    await page.getByRole('cell', { name: 'plan' }).waitFor()
    await page.getByRole('button', { name: 'model.txt' }).click()
    await page.getByRole('button', { name: 'Register model' }).click()
    await page.getByLabel('Model', { exact: true }).fill('churn-model')
    await page.getByRole('button', { name: 'Register', exact: true }).click()
    await page.getByRole('heading', { name: 'churn-model' }).waitFor()
    await page.getByText('registered version 1').waitFor()
  })

  it('sees why one run is better than another, chosen and compared by keyboard alone', async () => {
    await open('/p/churn/runs?filter=name in (good, better)')
    await row('better').waitFor()
    for (const key of ['j', 'x', 'j', 'x', 'c']) await page.keyboard.press(key)
    await page.getByRole('heading', { name: 'Compare 2 runs' }).waitFor()
    await page.getByText('Same code, same data, same environment; depth, eta differ. better is best on val_auc').waitFor()
    expect(await page.locator('tr', { hasText: 'depth' }).locator('td').allTextContents()).toEqual(['8', '4'])
    expect(await page.getByText('rounds').count()).toBe(0)
  })

  it('watches a training live: state, points and log move without a reload', async () => {
    const go = join(workshop.folder, 'go')
    const started = workshop.start(['run', 'train.py:train', '--project', 'churn', '--name', 'live', '-p', `wait=${go}`])
    await open('/p/churn/runs?filter=name = live')
    await row('live').waitFor()
    await row('live').getByText('running').waitFor()
    await row('live').getByRole('link').click()
    await page.locator('.log-line', { hasText: '[10]' }).waitFor()
    writeFileSync(go, '')
    await page.locator('.log-line', { hasText: '[29]' }).waitFor()
    await page.locator('.page-head .state', { hasText: 'completed' }).waitFor()
    await started.finished
  })

  it('sees a run that begins while the page is loading', async () => {
    const heard = Promise.withResolvers<void>()
    const late = async (route: Route): Promise<void> => {
      await heard.promise
      await route.continue()
    }
    await page.route('**/pulse', late)
    await open('/p/churn/runs?filter=name = early')
    await page.getByText('No run matches').waitFor()
    await workshop.run('run', 'train.py:train', '--project', 'churn', '--name', 'early')
    heard.resolve()
    await row('early').getByText('completed').waitFor()
    await page.unroute('**/pulse', late)
  })

  it('stops a run, with the reason on its record', async () => {
    const started = workshop.start(['run', 'train.py:train', '--project', 'churn', '--name', 'endless', '-p', 'wait=/nowhere'])
    await open('/p/churn/runs?filter=name = endless')
    await row('endless').getByText('running').waitFor()
    await row('endless').getByRole('link').click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByLabel('Why').fill('seen enough')
    await page.locator('dialog').getByRole('button', { name: 'Stop' }).click()
    await page.locator('.page-head .state', { hasText: 'aborted' }).waitFor()
    await page.getByText('seen enough').first().waitFor()
    await started.finished
  })

  it('rolls production back, and reads later who did it and why', async () => {
    const register = (run: RunRecord) => workshop.run('models', 'register', 'rolled', `${run.id}/model.txt`, '--project', 'churn')
    await register(runs.good)
    await register(runs.better)
    for (const version of ['1', '2'])
      await workshop.run('models', 'promote', `rolled/${version}`, 'Production', '--project', 'churn', '--reason', 'it passed')
    await open('/p/churn/models/rolled')
    await page.getByText('version 2 in production').waitFor()
    await page.getByLabel('Against version').waitFor()
    await page
      .getByRole('region', { name: 'Versions compared' })
      .getByRole('row', { name: /val_auc/ })
      .waitFor()
    await page.getByRole('button', { name: 'Roll back to 1' }).click()
    await page.locator('dialog').getByText('Version 2 leaves Production').waitFor()
    await page.getByLabel('Why').fill('complaints from the pro plan')
    await page.getByRole('button', { name: 'Move to Production' }).click()
    await page.getByText('version 1 in production').waitFor()
    await page.locator('.events li', { hasText: 'complaints from the pro plan' }).first().waitFor()
  })

  it('judges a sweep: goal, best, what mattered, all iterations', async () => {
    await open(`/runs/${runs.sweep.id}`)
    await page.getByText('max val_auc').waitFor()
    await page.getByText('What mattered').waitFor()
    await page.locator('.bar-row', { hasText: 'eta' }).waitFor()
    await page.keyboard.press('2')
    await expect.poll(() => page.locator('tbody tr').count(), { timeout: 30_000 }).toBe(6)
  })

  it('deletes with consequences told first', async () => {
    await open('/p/churn/runs?filter=name = broken')
    await row('broken').waitFor()
    for (const key of ['j', 'x', '#']) await page.keyboard.press(key)
    await page.getByRole('button', { name: 'Put into the trash' }).click()
    await page.getByText('No run matches').waitFor()
    await workshop.run('trash', 'restore', runs.failed.id)
  })

  it('sends the address to somebody else, who sees the same view', async () => {
    await open(
      '/p/churn/runs?filter=metrics.val_auc is not null&sort=metrics.val_auc asc&columns=metrics.val_auc,params.eta,labels.team&curve=none',
    )
    await row('better').waitFor()
    const own = await page.locator('.run-table').innerText()
    const other = await openPage(browser)
    await other.goto(page.url())
    await other.locator('.run-table .row', { hasText: 'better' }).waitFor()
    expect(ageless(await other.locator('.run-table').innerText())).toBe(ageless(own))
    expect(await other.getByRole('columnheader').allInnerTexts()).toEqual([
      'Chosen',
      'State',
      'Name',
      'val_auc ↑',
      'eta',
      'team',
      'Took',
      'Started',
    ])
    await other.close()
  })

  it('opens the iterations of a sweep in the table, and finds runs with the palette', async () => {
    await open('/p/churn/runs?filter=kind = sweep')
    await row('sweep').waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => page.locator('.run-table .rows .row').count(), { timeout: 30_000 }).toBe(7)
    await page.keyboard.press('Control+k')
    await page.keyboard.type(runs.better.id.slice(0, 12))
    await page.getByRole('option', { name: /^better/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'better' }).waitFor()
    await page.keyboard.press('?')
    await page.getByText('up to the runs').waitFor()
    await page.keyboard.press('Escape')
  })

  it('finds iterations where no run of its own matches, and has them as rows', async () => {
    await open('/p/churn/runs?filter=params.eta = 0.01')
    await page.getByRole('heading', { name: 'No run of its own matches' }).waitFor()
    await page.getByText('finds nothing but 2 iterations in churn').waitFor()
    const toggle = page.getByRole('button', { name: /^Iterations/ })
    expect(await toggle.getAttribute('aria-pressed')).toBe('false')
    await page.getByRole('button', { name: 'Show them' }).click()
    await expect.poll(rowNames, { timeout: 30_000 }).toEqual(['#2 sweep', '#1 sweep'])
    expect(new URL(page.url()).searchParams.get('flat')).toBe('true')
    expect(await toggle.getAttribute('aria-pressed')).toBe('true')
    await toggle.click()
    await page.getByRole('heading', { name: 'No run of its own matches' }).waitFor()
    await page.goto(served.url + '/p/churn/runs?filter=params.eta = 77')
    await page.getByRole('heading', { name: 'No run matches' }).waitFor()
    expect(await page.getByRole('button', { name: /^Show/ }).count()).toBe(0)
  })

  it('hears which name was meant, and has the word that was tried before the mistake taken back', async () => {
    await open('/p/churn/runs')
    await row('better').waitFor()
    const filter = (): string | null => new URL(page.url()).searchParams.get('filter')
    await page.keyboard.press('/')
    await page.keyboard.type('val_acu')
    await expect.poll(filter, { timeout: 30_000 }).toBe("name contains 'val_acu'")
    await page.keyboard.type(' > 0.9')
    await page.locator('.filter-problem', { hasText: 'No run has val_acu.' }).waitFor()
    await expect.poll(filter, { timeout: 30_000 }).toBeNull()
    await page.getByRole('button', { name: 'Did you mean val_auc?' }).click()
    await expect.poll(filter, { timeout: 30_000 }).toBe('metrics.val_auc > 0.9')
    await row('better').waitFor()
  })

  it('puts runs into groups, looks into one, and takes the table along as a file', async () => {
    await open('/p/churn/runs?flat=true&columns=metrics.val_auc')
    await page.getByLabel('Group by').selectOption('params.depth')
    const group = page.locator('.groups tbody tr', { hasText: /^8/ })
    await group.waitFor()
    expect(new URL(page.url()).searchParams.get('group')).toBe('params.depth')
    await group.getByRole('link').click()
    await row('better').waitFor()
    await expect.poll(rowNames, { timeout: 30_000 }).not.toContain('good')
    expect(new URL(page.url()).searchParams.get('filter')).toBe('params.depth = 8')
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
    const lines = readFileSync((await file.path()) ?? '', 'utf8')
      .trimEnd()
      .split('\r\n')
    expect(lines[0]).toBe('id,name,project,experiment,state,owner,started,duration_seconds,metrics.val_auc')
    expect(lines).toHaveLength(1 + (await rowNames()).length)
    expect(lines.find((line) => line.includes(runs.better.id))).toMatch(/,completed,.*,0\.9\d+$/)
  })

  it('writes a note in Markdown, whose markup stays text', async () => {
    await open(`/runs/${runs.good.id}`)
    await page.getByRole('button', { name: 'Write a note' }).click()
    await page
      .getByLabel('Note', { exact: true })
      .fill('# Why\n\nIt is **good**. <img src=x onerror="globalThis.owned=1">\n\n| a |\n|--:|\n| 1 |')
    await page.getByRole('button', { name: 'Save' }).click()
    const note = page.locator('.markdown')
    await note.getByRole('heading', { name: 'Why' }).waitFor()
    expect(await note.locator('strong').textContent()).toBe('good')
    expect(await note.textContent()).toContain('<img src=x')
    expect(await note.locator('img').count()).toBe(0)
  })

  it('runs a training again with another parameter, as a job of the server', async () => {
    await open(`/runs/${runs.better.id}`)
    await page.getByRole('button', { name: 'Run again' }).click()
    await page.getByLabel('Name', { exact: true }).fill('again')
    await page.getByLabel('depth').fill('5')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByRole('heading', { name: 'again', exact: true }).waitFor()
    await page.locator('.page-head .state', { hasText: 'completed' }).waitFor({ timeout: 60_000 })
    const { run } = await workshop.json<{ run: RunRecord }>('show', 'again', '--project', 'churn')
    expect(run.parameters).toMatchObject({ depth: 5, eta: 0.05, rounds: 30 })
    await open('/p/churn/jobs')
    await page.getByRole('row', { name: /again/ }).waitFor()
  })

  it('runs a function from a form made of its parameters, and sees what changed between its versions', async () => {
    const made = await workshop.run(
      'function',
      'new',
      'train.py',
      '--handler',
      'train',
      '--name',
      'trainer',
      '--project',
      'churn',
    )
    expect(made.code, made.stderr).toBe(0)
    workshop.write('train.py', `${readFileSync(join(workshop.folder, 'train.py'), 'utf8')}\nANOTHER = "line"\n`)
    await workshop.run('function', 'new', 'train.py', '--handler', 'train', '--name', 'trainer', '--project', 'churn')
    await open('/p/churn/functions')
    await page.getByRole('link', { name: 'trainer', exact: true }).click()
    await page.locator('.code', { hasText: 'ANOTHER' }).waitFor()
    await page.getByRole('button', { name: 'Diff' }).first().click()
    await page.locator('.line.added', { hasText: 'ANOTHER = "line"' }).waitFor()
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByLabel('rounds').fill('3')
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click()
    await page.locator('.page-head .state', { hasText: 'completed' }).waitFor({ timeout: 60_000 })
    const { run } = await workshop.json<{ run: RunRecord }>('show', 'trainer', '--project', 'churn')
    expect(run.parameters).toMatchObject({ rounds: 3 })
  })

  it('sees what starts by itself, starts it now, and pauses it', async () => {
    const added = await workshop.run(
      'schedule',
      'add',
      'nightly',
      '--cron',
      '0 3 * * *',
      '--project',
      'churn',
      'train.py:train',
      '-p',
      'rounds=2',
    )
    expect(added.code, added.stderr).toBe(0)
    await open('/p/churn/schedules')
    await page.getByRole('button', { name: 'nightly' }).click()
    await page.getByText(/^Next: /).waitFor()
    await page.getByRole('button', { name: 'Run now' }).click()
    await page
      .getByRole('cell', { name: /pending|running|completed/ })
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('cell', { name: 'paused' }).waitFor()
  })

  it('gives a view a name, which everybody finds, and takes it away again', async () => {
    await open('/p/churn/runs?filter=metrics.val_auc > 0.9&sort=metrics.val_auc desc')
    await page.getByRole('button', { name: 'Save view' }).click()
    await page.getByLabel('Title').fill('Good ones')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await open('/p/churn/runs')
    await page.getByRole('link', { name: 'Good ones' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('sort'), { timeout: 30_000 }).toBe('metrics.val_auc desc')
    await page.getByRole('button', { name: 'Change view' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('link', { name: 'Good ones' }).waitFor({ state: 'detached' })
  })

  it('follows the links that MLflow clients print', async () => {
    await open(`/#/experiments/0/runs/${runs.good.id}`)
    await page.getByRole('heading', { name: 'good' }).waitFor()
  })

  it('the link to an experiment shows the runs of that experiment alone', async () => {
    const made = await fetch(`${served.url}/api/trainyard/v1/experiments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ project: 'churn', name: "Ann's own" }),
    })
    const { id } = (await made.json()) as { id: string }
    await open(`/#/experiments/${id}`)
    await page.getByText('No run matches').waitFor()
    expect(new URL(page.url()).pathname).toBe('/p/churn/runs')
    expect(new URL(page.url()).searchParams.get('filter')).toBe(String.raw`experiment = 'Ann\'s own'`)
    await open('/experiments/999999')
    await page.getByText('No experiment 999999 here').waitFor()
  })

  it('compares runs by name, says which is not there, and what is not recorded', async () => {
    const id = await reportedByClient()
    await open(`/compare?runs=good,${id}`)
    await page.getByText('Code, data and environment not recorded for direct').waitFor()
    await expect.poll(() => new URL(page.url()).searchParams.get('runs')).toBe(`${runs.good.id},${id}`)
    await open('/compare?runs=good,nobody')
    await page.getByText('Not all of these runs are here').waitFor()
    await page.getByText(/'nobody'/).waitFor()
    await open(`/runs/${id}/logs`)
    await page.getByText('Its output was not captured: a client logged this run').waitFor()
  })

  it('on a narrow window every page is one click away, and long lines of a log wrap', async () => {
    const narrow = await openPage(browser, complaints)
    await narrow.setViewportSize({ width: 500, height: 800 })
    await narrow.goto(`${served.url}/runs/${runs.better.id}/logs`)
    const lines = narrow.getByRole('log', { name: 'Lines' })
    await lines.locator('.log-line').first().waitFor()
    await narrow.keyboard.press('w')
    await lines.locator('.log-line.wrapped').first().waitFor()
    const rail = narrow.getByRole('navigation', { name: 'Pages' })
    for (const name of ['Home', 'Runs', 'Experiments', 'Artifacts', 'Models', 'Projects', 'Settings']) {
      await rail.getByText(name, { exact: true }).click()
      await narrow.getByRole('heading', { name, level: 1 }).waitFor()
    }
    await narrow.close()
  })

  it('NaN and failures are told, not hidden', async () => {
    await open(`/runs/${runs.odd.id}`)
    await page.getByText('NaN from step 21').first().waitFor()
    await open(`/runs/${runs.failed.id}`)
    await page.getByText('ValueError: below the gate').first().waitFor()
  })

  it('what runs made and how they are called is never script of ours', async () => {
    await open('/p/churn/runs')
    await row('<img src=x').waitFor()
    await open(`/runs/${runs.hostile.id}/artifacts?key=page.html`)
    const inside = page.frameLocator('iframe')
    await inside.getByText('ran alone').waitFor()
    await inside.getByText('no server').waitFor()
    expect(await inside.locator('body').innerText()).not.toMatch(/REACHED/)
    expect(await page.evaluate(() => (globalThis as { owned?: number }).owned)).toBeUndefined()
    const bytes = page.locator('.artifact-view a[download]')
    const address = new URL((await bytes.getAttribute('href'))!, served.url).href
    const answer = await page.goto(`${address}?show=true`)
    expect(answer?.headers()['content-security-policy']).toMatch(/^sandbox allow-scripts;/)
    expect(await page.evaluate<string>('origin')).toBe('null')
    await open(`/runs/${runs.hostile.id}`)
    await page.locator('.page-head h1', { hasText: '<img' }).waitFor()
    expect(await page.evaluate(() => (globalThis as { owned?: number }).owned)).toBeUndefined()
  })

  it('is told when the server is gone, keeps what is typed, and goes on when it is back', async () => {
    await open('/p/churn/runs')
    await row('better').waitFor()
    const { port } = new URL(served.url)
    await served[Symbol.asyncDispose]()
    await page.getByText('Lost the server at').waitFor()
    await page.locator('.filter input').fill('name = bett')
    served = await serve(workshop, '--port', port)
    await expect.poll(() => page.getByText('Lost the server at').count(), { timeout: 60_000 }).toBe(0)
    expect(await page.locator('.filter input').inputValue()).toBe('name = bett')
    await page.locator('.filter input').fill('name = better')
    await expect.poll(rowNames, { timeout: 30_000 }).toEqual(['better'])
  })

  it('every page holds for axe-core in both themes, down to the width of a phone, without a sideways scroll', async () => {
    const paths = [
      '/',
      '/p/churn/runs',
      `/runs/${runs.better.id}`,
      ...['charts', 'logs', 'artifacts', 'code', 'history'].map((tab) => `/runs/${runs.better.id}/${tab}`),
      `/runs/${runs.failed.id}`,
      `/runs/${runs.sweep.id}`,
      `/runs/${runs.sweep.id}/iterations`,
      `/compare?runs=${runs.good.id},${runs.better.id}`,
      '/models',
      '/p/churn/models/rolled',
      '/experiments',
      '/artifacts',
      '/jobs',
      '/functions',
      '/p/churn/functions/trainer',
      '/p/churn/schedules?schedule=churn/nightly',
      '/runs?group=params.depth',
      '/projects',
    ]
    const found: string[] = []
    for (const path of paths) {
      await open(path)
      await page.locator('main h1').first().waitFor()
      found.push(...(await pageProblems(page, path)))
    }
    expect(found).toEqual([])
  }, 240_000)

  it('none of this made the browser complain', () => {
    // Asked on purpose: a run that is not there, a server that is gone, a page in its sandbox.
    const expected =
      /404|ERR_CONNECTION|Failed to load resource|Failed to fetch|sandbox|Content Security Policy|null|status of 400/
    expect(complaints.filter((text) => !expected.test(text))).toEqual([])
  })
})

async function reportedByClient(): Promise<string> {
  const answer = await fetch(`${served.url}/api/2.0/mlflow/runs/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_id: '0', run_name: 'direct', start_time: 1_763_000_000_000 }),
  })
  const { run } = (await answer.json()) as { run: { info: { run_id: string } } }
  return run.info.run_id
}

/** Ages go on between two looks. */
const ageless = (text: string): string => text.replaceAll(/\d+ (?:s|min|h) ago|just now/g, 'ago')

describe('a first visit', { timeout: 120_000 }, () => {
  it('says what to type with this server’s own address, and opens the first run by itself', async () => {
    using empty = new Workshop()
    await using fresh = await serve(empty)
    const visitor = await openPage(browser)
    await visitor.goto(fresh.url)
    await visitor.getByText('Nothing here yet').waitFor()
    await visitor.getByText(`export MLFLOW_TRACKING_URI=${fresh.url}`).waitFor()
    empty.write('first.py', 'print("hello")\n')
    await empty.run('run', 'first.py')
    await visitor.getByRole('heading', { name: 'first' }).waitFor()
    expect(await eventually(() => (visitor.url().includes('/runs/') ? visitor.url() : undefined))).toContain('/runs/')
    await visitor.close()
  })
})
