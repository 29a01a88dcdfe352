import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'
import { openBrowser, openPage, serve, type Served } from './browser.ts'

let workshop: Workshop
let served: Served
let browser: Browser
let page: Page
const complaints: string[] = []

const script = `
import trainyard
context = trainyard.get_or_create_ctx("x")
context.log_result("accuracy", 0.9)
context.log_artifact("report", body="fine")
`

beforeAll(async () => {
  workshop = new Workshop()
  ;[served, browser] = await Promise.all([serve(workshop), openBrowser()])
  page = await openPage(browser, complaints)
  workshop.write('small.py', script)
  for (const name of ['alpha', 'beta', 'gamma']) {
    await workshop.json('run', 'small.py', '--project', 'churn', '--name', name, '--experiment', `with ${name}`)
    await workshop.run('function', 'new', 'small.py', '--name', `${name}-function`, '--project', 'churn')
  }
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await served?.[Symbol.asyncDispose]()
  workshop?.[Symbol.dispose]()
}, 60_000)

const open = async (path: string): Promise<void> => void (await page.goto(served.url + path))
const focusedRow = (): Promise<string | undefined> =>
  page.evaluate<string | undefined>(`document.activeElement?.closest('tr')?.querySelector('a')?.textContent`)

describe('tables', { timeout: 120_000 }, () => {
  it('are walked by j and k and opened by Enter, and the way back leads to the row one came from', async () => {
    for (const path of ['/functions', '/artifacts', '/experiments', '/projects']) {
      await open(path)
      await page.locator('main tbody tr').first().waitFor()
      await page.keyboard.press('j')
      expect(await focusedRow()).toBe(await page.locator('main tbody tr').first().locator('a').first().textContent())
      const before = page.url()
      await page.keyboard.press('Enter')
      await page.waitForURL((url) => url.pathname !== new URL(before).pathname)
    }
    await open('/functions')
    await page.getByRole('link', { name: 'gamma-function' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('k')
    const chosen = await focusedRow()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: chosen! }).waitFor()
    await page.goBack()
    await expect.poll(focusedRow, { timeout: 60_000 }).toBe(chosen)
  })

  it('of runs keep the place too, behind an address that says which', async () => {
    await open('/p/churn/runs')
    await page.getByRole('row', { name: /beta/ }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    const name = await page.locator('.run-table .row.current .name').textContent()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: name! }).waitFor()
    await page.goBack()
    await page.locator('.run-table .row.current', { hasText: name! }).waitFor()
    expect(page.url()).toContain('row=')
  })

  it('narrow while one types, say when nothing fits, and show all again', async () => {
    for (const [path, there, part] of [
      ['/functions', 'beta-function', 'bet'],
      ['/experiments', 'with beta', 'TH BET'],
    ] as const) {
      await open(path)
      await page.getByRole('link', { name: there }).waitFor()
      await page.keyboard.press('/')
      await page.keyboard.type(part)
      await expect.poll(() => page.locator('main tbody tr').count(), { timeout: 60_000 }).toBe(1)
      await page.getByRole('link', { name: there }).waitFor()
      await page.keyboard.type('nothing')
      await page.getByText('Nothing matches').waitFor()
      await page.getByRole('button', { name: 'Show all' }).click()
      await expect.poll(() => page.locator('main tbody tr').count(), { timeout: 60_000 }).toBeGreaterThan(2)
      expect(await page.getByRole('searchbox').inputValue()).toBe('')
    }
  })

  it('of experiments say how many runs there are, whose, and how good; they are described, and go to the trash and back', async () => {
    await open('/p/churn/experiments')
    const row = page.getByRole('row', { name: /with alpha/ })
    await row.getByText('0.9000', { exact: true }).waitFor()
    await row.getByRole('button', { name: 'Change' }).click()
    await page.getByLabel('Description').fill('the first try')
    await page.getByRole('button', { name: 'Save' }).click()
    await row.getByText('the first try').waitFor()
    await row.getByRole('button', { name: 'Trash…' }).click()
    await page.getByText('1 run goes with it, and comes back with it.').waitFor()
    await page.getByRole('button', { name: 'Put into the trash' }).click()
    await row.waitFor({ state: 'detached' })
    await open('/p/churn/trash')
    const restore = page.getByRole('button', { name: 'Restore with its runs' })
    await restore.click()
    await restore.waitFor({ state: 'detached' })
    await open('/p/churn/experiments')
    await row.waitFor()
  })

  it('of artifacts narrow by a part of the key, asked of the server; so does the palette', async () => {
    await open('/p/churn/artifacts?contains=EPOR')
    await page.getByRole('link', { name: 'report' }).waitFor()
    await open('/p/churn/artifacts?contains=no-such')
    await page.getByText('Nothing matches').waitFor()
    await page.keyboard.press('Control+k')
    await page.keyboard.type('epor')
    await page.getByRole('option', { name: /^report/ }).waitFor()
  })

  it('have in the map of keys what works right now, and nothing else', async () => {
    await open('/p/churn/runs')
    await page.getByRole('row', { name: /beta/ }).waitFor()
    await page.keyboard.press('?')
    const keys = page.getByRole('dialog', { name: 'Keys' })
    await keys.getByText('open the run').waitFor()
    expect(await keys.getByText('compare what is chosen').count()).toBe(0)
    expect(await keys.getByText('put into the trash (asks)').count()).toBe(0)
    await page.keyboard.press('Escape')
    await open('/settings')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.keyboard.press('?')
    await keys.getByText('search and act').waitFor()
    expect(await keys.getByText('open the run').count()).toBe(0)
  })

  it('are asked for by the page they belong to, not by the page one leaves while the next one loads', async () => {
    await open('/p/churn/functions/beta-function')
    await page.getByRole('heading', { level: 1, name: 'beta-function' }).waitFor()
    const asked: string[] = []
    const note = (request: Request): void => void asked.push(request.url())
    page.on('request', note)
    await page.route(/functions-page/, async (route) => {
      await page.waitForTimeout(300)
      await route.continue()
    })
    await page.evaluate(`history.pushState(null, '', '/functions')`)
    await page.getByRole('heading', { level: 1, name: 'Functions' }).waitFor()
    await page.unroute(/functions-page/)
    page.off('request', note)
    expect(asked.filter((address) => address.includes('beta-function'))).toEqual([])
  })

  it('of runs stand in the document in the order in which they are read out, at rest wherever one scrolled to', async () => {
    await Promise.all(Array.from({ length: 80 }, (_, at) => startRun(`many ${at}`)))
    await open('/runs')
    const rowIndexes = (): Promise<number[]> =>
      page.evaluate<number[]>(
        `[...document.querySelectorAll('.run-table .rows .row')].map((row) => row.ariaRowIndex).map(Number)`,
      )
    await expect.poll(async () => (await rowIndexes()).length, { timeout: 60_000 }).toBeGreaterThan(20)
    for (const rowAtTop of [50, 20, 30]) {
      await page.evaluate(`document.querySelector('.run-table').scrollTop = ${rowAtTop} * 28`)
      await expect
        .poll(
          async () => {
            const found = await rowIndexes()
            return found.includes(rowAtTop + 2) && found.every((index, at) => index === found[0]! + at)
          },
          { timeout: 60_000 },
        )
        .toBe(true)
    }
  })

  it('of runs tell the values below a whole one apart', async () => {
    const parent = await startRun('whole', { accuracy: 1 })
    for (const [name, accuracy] of Object.entries({ best: 1, next: 0.9502, last: 0.9501 }))
      await startRun(name, { accuracy, parent })
    await open('/runs?filter=name = whole&columns=metrics.accuracy&sort=metrics.accuracy desc&curve=none')
    await page.getByRole('button', { name: 'Open the nested runs' }).click()
    const cells = page.locator('.run-table .rows .row > .cell:nth-child(4)')
    await expect.poll(() => cells.allTextContents(), { timeout: 60_000 }).toEqual(['1.0000', '1.0000', '0.9502', '0.9501'])
  })

  it('make the browser complain of nothing', () => {
    expect(complaints).toEqual([])
  })
})

async function startRun(name: string, { accuracy, parent }: { accuracy?: number; parent?: string } = {}): Promise<string> {
  const tags = parent === undefined ? [] : [{ key: 'mlflow.parentRunId', value: parent }]
  const { run } = await post<{ run: { info: { run_id: string } } }>('create', { experiment_id: '0', run_name: name, tags })
  const id = run.info.run_id
  if (accuracy !== undefined) await post('log-metric', { run_id: id, key: 'accuracy', value: accuracy, timestamp: Date.now() })
  return id
}

async function post<Answer>(route: string, body: object): Promise<Answer> {
  const answer = await fetch(`${served.url}/api/2.0/mlflow/runs/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Answer
}
