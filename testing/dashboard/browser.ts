import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { eventually, type Started, type Workshop } from '../end-to-end/program.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** The set-up of the tests installs Debian's chromium; elsewhere TRAINYARD_TEST_BROWSER names one. */
function findBrowser(): string {
  const { TRAINYARD_TEST_BROWSER: named, PATH = '' } = process.env
  if (named) return named
  const found = PATH.split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path))
  if (!found) throw new Error('These tests need Chromium: apt-get install chromium, or name one in TRAINYARD_TEST_BROWSER.')
  return found
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox', '--disable-dev-shm-usage'] })

export interface Served extends AsyncDisposable {
  readonly url: string
}

/** The real program, serving. */
export async function serve(workshop: Workshop, ...arguments_: string[]): Promise<Served> {
  const started: Started = workshop.start(['up', '--no-open', '--port', '0', ...arguments_])
  const note = join(workshop.environment['TRAINYARD_HOME'] ?? join(workshop.folder, '.trainyard'), 'server.json')
  const url = await eventually(async () => {
    const written = existsSync(note) ? readUrl(note) : undefined
    if (written === undefined) return undefined
    const answer = await fetch(`${written}/health`).catch(() => undefined)
    return answer?.ok ? written : undefined
  }, 60_000)
  return {
    url,
    async [Symbol.asyncDispose]() {
      started.kill('SIGTERM')
      await started.finished
    },
  }
}

function readUrl(path: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { url: string }).url
  } catch {
    // Half written.
    return undefined
  }
}

/** Pages complain here about everything a browser writes as an error. */
export async function openPage(browser: Browser | BrowserContext, complaints: string[] = []): Promise<Page> {
  const page = await browser.newPage()
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`)
  })
  return page
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core finds against WCAG A and AA, as lines that say where. */
async function accessibilityProblems(page: Page): Promise<string[]> {
  // Once for each document: reading it takes a fifth of what looking takes.
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(axe)
  return await page.evaluate(async () => {
    const { axe: tool } = globalThis as never as {
      axe: {
        run(options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>
      }
    }
    const { violations } = await tool.run({
      resultTypes: ['violations'],
      iframes: false,
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    })
    return violations.flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary.slice(0, 200)}`),
    )
  })
}

const looks = [
  ['light', 1440],
  ['dark', 900],
  ['light', 390],
] as const

/** What is wrong with the page that is open: to axe-core in both themes, and wherever it scrolls sideways as a whole. */
export async function pageProblems(page: Page, name: string): Promise<string[]> {
  const found: string[] = []
  for (const [theme, width] of looks) {
    await page.emulateMedia({ colorScheme: theme })
    await page.setViewportSize({ width, height: 900 })
    await page.locator(`[data-theme=${theme}]`).waitFor()
    for (const problem of await accessibilityProblems(page)) found.push(`${name} ${theme}: ${problem}`)
    const isWide = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth')
    if (isWide) found.push(`${name} at ${width} scrolls sideways`)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
  return found
}
