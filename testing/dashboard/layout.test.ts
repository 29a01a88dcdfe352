import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'
import { openBrowser, pageProblems, serve, type Served } from './browser.ts'
import { seedRuns } from './seed.ts'

let workshop: Workshop
let served: Served
let browser: Browser
let runs: Awaited<ReturnType<typeof seedRuns>>

beforeAll(async () => {
  workshop = new Workshop()
  ;[runs, browser] = await Promise.all([seedRuns(workshop), openBrowser()])
  for (const { id } of [runs.good, runs.better])
    await workshop.run('models', 'register', 'kept', `${id}/model.txt`, '--project', 'churn')
  await workshop.run('models', 'promote', 'kept/1', 'Production', '--project', 'churn', '--reason', 'it passed')
  await workshop.run('function', 'new', 'train.py', '--handler', 'train', '--name', 'trainer', '--project', 'churn')
  served = await serve(workshop)
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await served?.[Symbol.asyncDispose]()
  workshop?.[Symbol.dispose]()
}, 60_000)

const tabs = ['charts', 'logs', 'artifacts', 'code', 'lineage', 'history']

const pagesOf = (): string[] => [
  '/',
  '/p/churn',
  '/p/churn/runs',
  `/runs/${runs.better.id}`,
  ...tabs.map((tab) => `/runs/${runs.better.id}/${tab}`),
  `/runs/${runs.failed.id}`,
  `/runs/${runs.odd.id}`,
  `/runs/${runs.sweep.id}`,
  `/runs/${runs.sweep.id}/iterations`,
  `/runs/${runs.sweep.id}/charts`,
  ...['differences', 'curves', 'scatter'].map((tab) => `/compare?runs=${runs.good.id},${runs.better.id}&tab=${tab}`),
  '/models',
  '/p/churn/models/kept',
  '/experiments',
  '/artifacts',
  '/functions',
  '/p/churn/functions/trainer',
  '/jobs',
  '/schedules',
  '/traces',
  '/trash',
  '/projects',
  '/p/churn/settings',
  '/settings',
]

const missing = [
  '/nowhere',
  '/runs/0123456789abcdef0123456789abcdef',
  '/p/churn/models/none',
  '/p/churn/functions/none',
  '/traces/none',
  '/experiments/999999',
  '/compare',
  '/compare?runs=nobody,none',
  '/go/nothing-of-this-name',
  '/lineage?run=0123456789abcdef0123456789abcdef',
]

/** Before anything of a page: what Chromium itself counts as moved, nothing that a key or a click had just asked for. */
const countShifts = `
  globalThis.shifts = { sum: 0, moved: [] }
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      if (hadRecentInput) continue
      shifts.sum += value
      for (const { node } of sources) shifts.moved.push((node?.nodeType === 1 ? node : node?.parentElement)?.outerHTML.slice(0, 80))
    }
  }).observe({ type: 'layout-shift', buffered: true })`

/** Several tabs share the paths: most of the time of each is the half second in which nothing more is asked for. */
async function inTabs(context: BrowserContext, paths: readonly string[], look: (page: Page, path: string) => Promise<void>) {
  const waiting = paths.values()
  const tab = async (): Promise<void> => {
    const page = await context.newPage()
    page.setDefaultTimeout(60_000)
    for (const path of waiting) await look(page, path)
  }
  await Promise.all(Array.from({ length: 4 }, tab))
}

/** Open, and with all it asked for. */
async function openWhole(page: Page, path: string): Promise<void> {
  await page.goto(served.url + path)
  await page.locator('main h1').first().waitFor()
  await page.waitForLoadState('networkidle')
  await expect.poll(() => page.locator('.page-waiting, .waiting').count(), { timeout: 30_000 }).toBe(0)
}

describe('a page', { timeout: 480_000 }, () => {
  it.for([1440, 900])('stays where it is while it loads, %i pixels wide', async (width) => {
    const context = await browser.newContext({ viewport: { width, height: 900 } })
    await context.addInitScript(countShifts)
    const moving: unknown[] = []
    await inTabs(context, pagesOf(), async (page, path) => {
      await openWhole(page, path)
      const { sum, moved } = await page.evaluate<{ sum: number; moved: string[] }>('shifts')
      if (sum >= 0.05) moving.push({ path, sum, moved })
    })
    await context.close()
    expect(moving).toEqual([])
  })

  it('shows the names of runs in full on a phone', async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 900 } })
    page.setDefaultTimeout(60_000)
    await openWhole(page, '/')
    for (const { name } of [runs.better, runs.failed]) {
      const link = page.getByRole('link', { name, exact: true }).first()
      await link.waitFor()
      expect(await link.evaluate((element) => element.clientWidth >= element.scrollWidth && element.clientWidth > 20)).toBe(true)
    }
    await page.close()
  })

  it('of something that is not there has a heading, a way out, and holds for axe-core in both themes', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const found: string[] = []
    await inTabs(context, missing, async (page, path) => {
      await openWhole(page, path)
      const headings = await page.locator('main h1').count()
      if (headings !== 1) found.push(`${path} has ${headings} headings`)
      found.push(...(await pageProblems(page, path)))
    })
    await context.close()
    expect(found).toEqual([])
  })
})
