import { readFileSync } from 'node:fs'
import type { RunRecord } from '@trainyard/contract'
import type { Browser, Download, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'
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
const compared = (tab: string, more = ''): string => `/compare?runs=${runs.good.id},${runs.better.id}&tab=${tab}${more}`
const chart = (name: string) => page.locator('section.card', { has: page.getByRole('heading', { name, exact: true }) })

async function savedFrom(name: string, entry: string): Promise<Buffer> {
  await page.getByRole('button', { name: `More of ${name}` }).click()
  const [download]: [Download, void] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: entry }).click(),
  ])
  return readFileSync(await download.path())
}

describe('somebody who compares', { timeout: 120_000 }, () => {
  it('takes a chart along: as PNG, as SVG with its lines, and every point as CSV', async () => {
    await open(compared('curves'))
    await chart('auc').locator('canvas').waitFor()
    expect((await savedFrom('auc', 'Save as PNG')).subarray(1, 4).toString()).toBe('PNG')
    const svg = (await savedFrom('auc', 'Save as SVG')).toString()
    expect(svg).toContain('>better val<')
    expect(svg.match(/<path d="M[^"]+L/g)!.length).toBeGreaterThanOrEqual(4)
    const lines = (await savedFrom('auc', 'Save the points as CSV')).toString().trimEnd().split('\r\n')
    expect(lines[0]).toBe('run,name,metric,step,time,value')
    // 2 runs × 2 metrics × 30 steps.
    expect(lines).toHaveLength(1 + 2 * 2 * 30)
    expect(lines[1]).toMatch(new RegExp(`^${runs.good.id},good,train_auc,0,2\\d{3}-.*Z,0\\.72`))
  })

  it('puts runs into bands by what they have in common, and finds the same layout behind the address', async () => {
    await open('/p/churn/runs')
    await page.locator('.run-table .rows .row', { hasText: 'better' }).waitFor()
    await page.keyboard.press('v')
    await page.getByRole('list', { name: 'Colours' }).getByRole('link', { name: 'better' }).waitFor()
    await page.getByLabel('Group by').selectOption('params.depth')
    await page.getByRole('list', { name: 'Colours' }).getByText('8', { exact: true }).waitFor()
    await page.getByLabel('What the bands span').selectOption('quartiles')
    await page.getByRole('button', { name: 'More of val_loss' }).click()
    await page.getByRole('button', { name: 'Pin to the front' }).click()
    await page.getByRole('button', { name: 'More of auc' }).click()
    await page.getByRole('button', { name: 'Hide' }).click()
    await page.getByText('1 hidden').waitFor()
    await page.getByRole('checkbox', { name: 'log x' }).check()
    const address = new URL(page.url())
    expect(Object.fromEntries(address.searchParams)).toEqual({
      show: 'charts',
      group: 'params.depth',
      band: 'quartiles',
      pin: 'metrics.val_loss',
      hide: 'metrics.auc',
      log: 'x',
    })
    const other = await openPage(browser)
    await other.goto(page.url())
    await other.locator('.chart-grid canvas').first().waitFor()
    expect(await other.locator('.chart-grid h2').allTextContents()).toEqual(['val_loss'])
    await other.close()
  })

  it('sees very many curves as density, with the number of them', async () => {
    await open(`/runs?show=charts&flat=true`)
    await chart('auc').locator('canvas').waitFor()
    // The charts name what is drawn: few lines by themselves.
    await page.getByRole('img', { name: /^auc: \d+ lines; / }).waitFor()
    expect(await page.getByText('as density').count()).toBe(0)
  })

  it('zooms a chart over time to the points that lie there', async () => {
    await open(`/runs/${runs.better.id}/charts`)
    const canvas = chart('auc').locator('.u-over')
    await canvas.waitFor()
    const asked = page.waitForRequest(
      (request) => request.url().endsWith('/points/columns') && /fromStep/.test(request.postData() ?? ''),
    )
    const box = (await canvas.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.2, box.y + 60)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 })
    await page.mouse.up()
    expect((await asked).postData()).toMatch(/"fromStep":\d+,"toStep":\d+/)
    await page.getByRole('button', { name: 'Show all' }).click()
  })

  it('compares a sweep by the parameters of its best iteration, here and for programs', async () => {
    await open(`/compare?runs=${runs.good.id},${runs.sweep.id}`)
    await page.getByRole('row', { name: /^eta 0\.2 0\.05/ }).waitFor()
    await page.getByRole('row', { name: /^values its own of its best, iteration \d/ }).waitFor()
    const told = await workshop.json<{ parameters: { key: string; values: unknown[] }[] }>('compare', runs.good.id, runs.sweep.id)
    expect(told.parameters.find(({ key }) => key === 'eta')?.values).toEqual([0.2, 0.05])
    expect(told.parameters.find(({ key }) => key === 'depth')?.values).toEqual([4, 8])
  })

  it('looks at two runs from every side: values, importance, contours, artifacts, code, logs', async () => {
    await open(compared('scatter'))
    await page.getByRole('img', { name: /: 2 runs over/ }).waitFor()
    await page.getByRole('checkbox', { name: 'contours' }).check()
    await page.getByRole('img', { name: /colour by val_auc/ }).waitFor()
    expect(new URL(page.url()).searchParams.get('contour')).toBe('true')
    await open(compared('artifacts', '&key=table.csv'))
    await page.getByText('The same bytes as the first').waitFor()
    await open(compared('code'))
    await page.getByText('def train(context').waitFor()
    await page.getByText('As in the first.').first().waitFor()
    await open(compared('logs'))
    await page.getByLabel('Log of better').getByText('val-auc').waitFor()
    await page.getByRole('button', { name: 'Differences to the first' }).click()
    await page.locator('.code .added').first().waitFor()
  })

  it('sees of a sweep what was used, slices and importance, and gives it nothing more when a grid is done', async () => {
    await open(`/runs/${runs.sweep.id}`)
    await page.getByText('6 of 6 iterations').waitFor()
    await page.getByText('Epsilon squared').waitFor()
    expect(await page.getByRole('img', { name: /^val_auc over (?:eta|depth): 6 runs/ }).count()).toBe(2)
    await page.getByRole('button', { name: 'Extend' }).click()
    await page.getByLabel('Iterations in all').fill('9')
    await page.locator('dialog').getByRole('button', { name: 'Extend' }).click()
    await page.getByText('has tried all 6 combinations of its values').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await open(`/runs/${runs.sweep.id}/charts`)
    await page.getByRole('img', { name: /^auc: 12 lines/ }).waitFor()
    await open(`/runs/${(await workshop.json<{ run: RunRecord }>('show', 'sweep/1')).run.id}/code`)
    const environment = page.locator('.card', { has: page.getByRole('heading', { name: 'Environment' }) })
    await environment.getByText('as in sweep').waitFor()
    await environment.getByText('interpreter executable').waitFor()
    await environment.getByRole('link', { name: 'sweep' }).click()
    await page.waitForURL(`**/runs/${runs.sweep.id}/code`)
  })

  it('gives a sweep more iterations, and sees them come', async () => {
    const guided =
      'run train.py:train --project churn --name guided -x eta=uniform(0.01,0.2) --strategy random --max-iterations 2'
    const sweep = await workshop.json(...guided.split(' '), '--selector', 'max.val_auc')
    await open(`/runs/${sweep['id']}`)
    await page.getByRole('button', { name: 'Extend' }).click()
    await page.getByLabel('Iterations in all').fill('4')
    await page.locator('dialog').getByRole('button', { name: 'Extend' }).click()
    await page.getByText('4 of 4 iterations').waitFor()
    await page.locator('.page-head .state', { hasText: 'completed' }).waitFor()
  })

  it('drags a column, pins another, and finds both behind the address', async () => {
    await open('/p/churn/runs?columns=metrics.val_auc,params.eta,params.depth')
    const heading = (name: string) => page.getByRole('columnheader', { name, exact: true })
    await heading('depth').waitFor()
    await heading('depth').dragTo(heading('val_auc'))
    await expect
      .poll(() => new URL(page.url()).searchParams.get('columns'), { timeout: 30_000 })
      .toBe('params.depth,metrics.val_auc,params.eta')
    await page.getByRole('button', { name: 'Columns 3' }).click()
    await page.getByRole('button', { name: 'Pin eta' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('pinned'), { timeout: 30_000 }).toBe('params.eta')
    const names = await page.getByRole('columnheader').allTextContents()
    expect(names.slice(0, 4)).toEqual(['Chosen', 'State', 'Name', 'eta'])
  })

  it('sees the same number of runs in the project list, at home and above the table', async () => {
    const { projects } = (await (await fetch(`${served.url}/api/trainyard/v1/projects`)).json()) as {
      projects: { name: string; runCount: number }[]
    }
    const counts = (await (await fetch(`${served.url}/api/trainyard/v1/table/counts?project=churn`)).json()) as { runs: number }
    expect(projects.find(({ name }) => name === 'churn')!.runCount).toBe(counts.runs)
  })

  it('every one of these pages holds for axe-core in both themes, at both widths', async () => {
    const paths = [
      '/p/churn/runs?show=charts&group=params.depth',
      '/p/churn/runs?pinned=params.eta',
      `/runs/${runs.sweep.id}/charts`,
      ...['curves', 'scatter', 'scatter&contour=true', 'parallel', 'artifacts', 'code', 'logs'].map((tab) => compared(tab)),
    ]
    const found: string[] = []
    for (const path of paths) {
      await open(path)
      await page.locator('main .card, main .run-table .row').first().waitFor()
      found.push(...(await pageProblems(page, path)))
    }
    expect(found).toEqual([])
  }, 240_000)

  it('none of this made the browser complain', () => {
    expect(complaints.filter((text) => !/status of 400|Failed to load resource/.test(text))).toEqual([])
  })
})
