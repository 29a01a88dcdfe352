// Takes the pictures of README.md and docs/: starts a server on an empty data directory, loads the demo project by the button that a
// first visit sees, and photographs pages. Needs Chromium, as the tests of the dashboard do.
//   node scripts/dashboard-pictures.mjs [folder, else docs/pictures]
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { root } from './steps.mjs'

const longestStartMs = 60_000
const longestDemoMs = 600_000
const settleMs = 2_000
const size = { width: 1440, height: 900 }

/** What each picture shows, and what is there when its page is done. */
const pictures = [
  { name: 'runs', pathOf: async () => '/p/demo/runs?flat=true&sort=metrics.accuracy desc', ready: '.run-table .rows .row' },
  { name: 'run', pathOf: async (url) => `/runs/${await newest(url, "name = 'train-iris'")}`, ready: 'canvas' },
  { name: 'sweep-page', pathOf: async (url) => `/runs/${await newest(url, 'kind = sweep')}`, ready: '.bar-row' },
  { name: 'lineage', pathOf: async () => '/p/demo/models/iris', ready: '.lineage li' },
]

/** The id of the newest run that a filter finds. */
async function newest(url, filter) {
  const query = new URLSearchParams({ project: 'demo', filter, limit: '1' }).toString()
  const { runs } = await (await fetch(`${url}/api/trainyard/v1/runs?${query}`)).json()
  if (!runs[0]) throw new Error(`The demo has no run with ${filter}.`)
  return String(runs[0].id)
}

function findBrowser() {
  const { TRAINYARD_TEST_BROWSER: named, PATH = '' } = process.env
  const names = ['chromium', 'chromium-browser', 'google-chrome']
  const places = PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)))
  const found = named ?? places.find((path) => existsSync(path))
  if (!found) throw new Error('Chromium is needed: apt-get install chromium, or name one in TRAINYARD_TEST_BROWSER.')
  return found
}

async function serverIn(folder) {
  const program = join(root, 'packages', 'platform', 'bin', 'trainyard.js')
  const home = join(folder, 'home')
  const child = spawn(process.execPath, [program, 'up', '--no-open', '--port', '0'], {
    cwd: folder,
    env: { ...process.env, TRAINYARD_HOME: home, TRAINYARD_USER: 'ada' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (const until = Date.now() + longestStartMs; Date.now() < until; await wait(200)) {
    try {
      const { url } = JSON.parse(readFileSync(join(home, 'server.json'), 'utf8'))
      if ((await fetch(`${url}/health`)).ok) return { url, child }
    } catch {
      // Not there yet.
    }
  }
  throw new Error('The server did not start.')
}

async function loadDemo(page, url) {
  await page.goto(url)
  await page.getByRole('button', { name: 'Load the demo project' }).click()
  await page.locator('.demo-banner').waitFor()
  await page.locator('.demo-banner').waitFor({ state: 'detached', timeout: longestDemoMs })
}

const target = process.argv[2] ?? join(root, 'docs', 'pictures')
mkdirSync(target, { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'trainyard-pictures-'))
const { chromium } = await import('playwright-core')
const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox', '--disable-dev-shm-usage'] })
const { url, child } = await serverIn(folder)
try {
  const page = await browser.newPage({ viewport: size })
  await loadDemo(page, url)
  for (const { name, pathOf, ready } of pictures) {
    await page.goto(url + (await pathOf(url)))
    await page.locator(ready).first().waitFor({ timeout: longestStartMs })
    // Curves and pictures come after what is waited for.
    await wait(settleMs)
    await page.screenshot({ path: join(target, `${name}.png`) })
    console.log(`${name}.png`)
  }
} finally {
  await browser.close()
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  rmSync(folder, { recursive: true, force: true })
}
