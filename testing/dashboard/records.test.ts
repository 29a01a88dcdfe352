import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'
import { openBrowser, openPage, pageProblems, serve, type Served } from './browser.ts'
import { seedTraces } from './seed-traces.ts'

let workshop: Workshop
let served: Served
let browser: Browser
let page: Page
let traces: Awaited<ReturnType<typeof seedTraces>>
const complaints: string[] = []

beforeAll(async () => {
  workshop = new Workshop()
  ;[served, browser] = await Promise.all([serve(workshop), openBrowser()])
  page = await openPage(browser, complaints)
  traces = await seedTraces(served.url)
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await served?.[Symbol.asyncDispose]()
  workshop?.[Symbol.dispose]()
}, 60_000)

const open = async (path: string): Promise<void> => void (await page.goto(served.url + path))

describe('somebody who looks at traces', { timeout: 120_000 }, () => {
  it('finds the one that failed, and reads why in the span where it began', async () => {
    await open('/traces')
    await page.getByRole('row', { name: /What is churn/ }).waitFor()
    await page.getByLabel('State').selectOption('Failed')
    await page.getByRole('row', { name: /What is churn/ }).waitFor({ state: 'detached' })
    expect(new URL(page.url()).searchParams.get('state')).toBe('ERROR')
    await page.getByRole('link', { name: 'answer' }).click()
    await page.getByRole('alert').getByText('ConnectionError: the index is away').waitFor()
  })

  it('searches what went in, walks the spans by keyboard, and shares the one looked at by its address', async () => {
    await open('/traces?text=WHAT is churn')
    await page.getByRole('link', { name: 'answer' }).click()
    await page.getByText('Customers who leave.').first().waitFor()
    await page.getByText('It says what is meant.').waitFor()
    await page.keyboard.press('j')
    await page.locator('.span.chosen', { hasText: 'retrieve' }).waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowLeft')
    await page.locator('.span', { hasText: 'tokenize' }).waitFor({ state: 'detached' })
    const other = await openPage(browser, complaints)
    await other.goto(page.url())
    await other.locator('.span.chosen', { hasText: 'generate' }).waitFor()
    await other.close()
  })

  it('is never run: names and values that are markup stay text', async () => {
    await open(`/traces/${traces.hostile}`)
    await page.locator('.page-head h1', { hasText: '<img' }).waitFor()
    await page.locator('.span-value', { hasText: '<img' }).first().waitFor()
    expect(await page.evaluate(() => (globalThis as { owned?: number }).owned)).toBeUndefined()
  })
})

describe('pages of records', { timeout: 240_000 }, () => {
  it('hold for axe-core, in both themes, and never scroll sideways, down to a phone', async () => {
    const found: string[] = []
    for (const path of ['/traces', `/traces/${traces.answered}`, `/traces/${traces.failed}`]) {
      await open(path)
      await page.locator('main h1').first().waitFor()
      found.push(...(await pageProblems(page, path)))
    }
    expect(found).toEqual([])
  })

  it('make the browser complain of nothing', () => {
    expect(complaints).toEqual([])
  })
})
