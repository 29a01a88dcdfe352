import type { RunRecord } from '@trainyard/contract'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workshop } from '../end-to-end/program.ts'
import { openBrowser, openPage, pageProblems, serve, type Served } from './browser.ts'
import { seedTraces } from './seed-traces.ts'

/** A log of 8 MB, data of three kinds and a model. */
const script = `
import pandas
def make(context):
    for number in range(400_000):
        if number in (150_000, 300_000):
            print(f"\\x1b[31mneedle\\x1b[0m in the hay {number // 150_000}")
        print("line", number)
    frame = pandas.DataFrame({"number": range(2_500), "plan": [f"plan {n}" for n in range(2_500)]})
    context.log_dataset("frame.parquet", frame)
    context.log_artifact("long.csv", body="name,text\\n" + "".join(f'ü {n},"a, ""b"" {n}"\\n' for n in range(50_000)))
    context.log_model("model", body=b"trees", model_file="model.bin", framework="xgboost", inputs=[{"name": "age", "type": "int64"}], outputs=["churn"])
`

let workshop: Workshop
let served: Served
let browser: Browser
let page: Page
let printed: RunRecord
let traces: Awaited<ReturnType<typeof seedTraces>>
const complaints: string[] = []

beforeAll(async () => {
  workshop = new Workshop()
  ;[served, browser] = await Promise.all([serve(workshop), openBrowser()])
  page = await openPage(browser, complaints)
  traces = await seedTraces(served.url)
  workshop.write('make.py', script)
  workshop.write('small.py', "import trainyard\ntrainyard.get_or_create_ctx('x').log_artifact('out', body='x')\n")
  printed = await workshop.json(
    'run',
    'make.py:make',
    '--project',
    'churn',
    '--python',
    process.env['TRAINYARD_TEST_PYTHON'] ?? 'python3',
  )
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

describe('somebody who reads what a run printed and made', { timeout: 120_000 }, () => {
  it('finds lines in all of a long log, goes from one to the next, and back to its end', async () => {
    await open(`/runs/${printed.id}/logs`)
    await page.locator('.log-line', { hasText: 'line 399999' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('NEEDLE in')
    await page.getByRole('status').getByText('1 of 2').waitFor()
    await page.locator('.log-line.hit', { hasText: 'needle in the hay 1' }).waitFor()
    expect(await page.locator('.log-line.hit .ansi-red').textContent()).toBe('needle')
    await page.keyboard.press('Enter')
    await page.locator('.log-line.hit', { hasText: 'needle in the hay 2' }).waitFor()
    const other = await openPage(browser, complaints)
    await other.goto(page.url())
    await other.locator('.log-line.hit', { hasText: 'needle in the hay 1' }).waitFor()
    await other.close()
    await page.getByRole('button', { name: /^To the end/ }).click()
    await page.locator('.log-line', { hasText: 'line 399999' }).waitFor()
  })

  it('pages through Parquet and CSV of any size, and sees how the columns of a data set spread', async () => {
    await open(`/runs/${printed.id}/artifacts?key=frame.parquet`)
    await page.getByRole('cell', { name: 'plan 199', exact: true }).waitFor()
    await page
      .getByRole('img', { name: /^From 0 to 2,?499/ })
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('Rows 201 to 400 of 2,500').waitFor()
    await page.getByRole('cell', { name: 'plan 399', exact: true }).waitFor()
    await page.getByRole('button', { name: 'long.csv' }).click()
    await page.getByRole('cell', { name: 'ü 499', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('cell', { name: 'ü 999', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Before' }).click()
    await page.getByRole('cell', { name: 'ü 0', exact: true }).waitFor()
  })

  it('sees what a model takes and gives', async () => {
    await open(`/runs/${printed.id}/artifacts?key=model`)
    const takes = page.locator('.signature section', { hasText: 'Takes' })
    await takes.getByText('age').waitFor()
    await takes.getByText('int64').waitFor()
  })
})

describe('somebody who asks where a model is from', { timeout: 120_000 }, () => {
  it('follows it from the run that made it back to its data, and on to the run that read it', async () => {
    workshop.write('score.py', "def score(context, data):\n    context.log_metric('rows', len(data.as_df()))\n")
    const python = process.env['TRAINYARD_TEST_PYTHON'] ?? 'python3'
    const input = ['--input', 'data=store://churn/frame.parquet']
    const scored = await workshop.run(
      'run',
      'score.py:score',
      '--project',
      'churn',
      '--name',
      'scored',
      '--python',
      python,
      ...input,
    )
    expect(scored.code, scored.stderr).toBe(0)
    await workshop.run('models', 'register', 'scorer', `${printed.id}/model`, '--project', 'churn')
    await open(`/runs/${printed.id}/lineage`)
    const picture = page.getByRole('region', { name: /^Lineage/ })
    await picture.getByText('scorer 1').waitFor()
    await picture.getByRole('link', { name: 'scored' }).click()
    await picture.getByRole('link', { name: 'frame.parquet' }).waitFor()
    await picture.getByRole('link', { name: printed.name }).click()
    await picture.getByRole('link', { name: 'scorer 1' }).click()
    await page.getByRole('heading', { name: 'Lineage of version 1' }).waitFor()
    await picture.getByRole('link', { name: printed.name }).waitFor()
  })

  it('sees which runs read a data set that a client told of', async () => {
    const dataset = { name: 'orders', digest: 'd1', sourceType: 'local', source: '{}', schema: null, profile: null, tags: {} }
    const answer = await fetch(`${served.url}/api/trainyard/v1/runs/${printed.id}/datasets`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ datasets: [dataset] }),
    })
    expect(answer.status).toBe(200)
    await open(`/runs/${printed.id}/lineage`)
    await page.getByRole('link', { name: 'orders' }).click()
    await page.getByRole('heading', { name: 'Lineage of orders' }).waitFor()
    await page.getByRole('link', { name: printed.name }).waitFor()
    await page.getByRole('link', { name: 'scorer 1' }).waitFor()
  })
})

describe('somebody who tidies up', { timeout: 120_000 }, () => {
  it('restores from the trash, and is told what goes before it is emptied', async () => {
    for (const name of ['one', 'two', 'made a model']) {
      const run = await workshop.json('run', 'small.py', '--project', 'tidy', '--name', name)
      if (name === 'made a model') await workshop.run('models', 'register', 'kept', `${run.id}/out`, '--project', 'tidy')
      await workshop.run('rm', run.id)
    }
    await open('/p/tidy/trash')
    await page.getByLabel('Choose one').check()
    await page.getByRole('button', { name: 'Restore 1' }).click()
    await page.getByRole('row', { name: 'one' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Empty…' }).click()
    await page.getByText(/^1 run goes with records/).waitFor()
    await page.getByText('One stays, because registered versions came from it: kept 1.').waitFor()
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('row', { name: 'two' }).waitFor({ state: 'detached' })
    await page.getByRole('row', { name: 'made a model' }).waitFor()
  })

  it('keeps secrets by name, gives a project an owner, archives it, and deletes it with all that is told to go', async () => {
    await open('/p/tidy/settings')
    await page.getByLabel('Name').fill('API_KEY')
    await page.getByLabel('Value').fill('correct-horse')
    await page.getByRole('button', { name: 'Set' }).click()
    await page.getByText('API_KEY').waitFor()
    expect(await page.content()).not.toContain('correct-horse')
    await page.getByRole('button', { name: 'Change' }).click()
    await page.getByLabel('Owner').fill('maria')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('maria').waitFor()
    await page.getByRole('button', { name: 'Archive' }).click()
    await page.getByRole('button', { name: 'Take it back' }).click()
    await page.getByRole('button', { name: 'Delete…' }).click()
    await page.getByLabel('Its name').fill('tidy')
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('heading', { name: 'Projects' }).waitFor()
    await page.getByRole('link', { name: 'tidy', exact: true }).waitFor({ state: 'detached' })
  })

  it('chooses the zone of times and the look of numbers, and reads who may do what', async () => {
    await open('/settings')
    await page.getByText('This server asks for no token').waitFor()
    // Formats are chosen anew with the page.
    await Promise.all([page.waitForEvent('load'), page.getByLabel('Time zone').selectOption('Asia/Tokyo')])
    await page.getByText('Times are shown in Asia/Tokyo').waitFor()
    await Promise.all([page.waitForEvent('load'), page.getByLabel('Numbers').selectOption('none')])
    await open(`/runs/${printed.id}/logs`)
    await page.getByText(/^\d{4,} lines/).waitFor()
    await page.evaluate(() => localStorage.clear())
  })

  it('finds projects, experiments, functions, schedules and traces where it finds everything', async () => {
    await workshop.run('function', 'new', 'small.py', '--name', 'answering-machine', '--project', 'churn')
    await open('/')
    await page.getByRole('heading', { name: 'Home', level: 1 }).waitFor()
    await page.keyboard.press('Control+k')
    const box = page.getByRole('combobox', { name: 'Search or paste any id' })
    await box.fill('chur')
    await page.getByRole('option', { name: /^churn\s*project/ }).waitFor()
    await box.fill(printed.experiment)
    await page.getByRole('option', { name: new RegExp(`^${printed.experiment}\\s*experiment`) }).waitFor()
    await box.fill('answer')
    await page.getByRole('option', { name: /^answering-machine/ }).waitFor()
    await page.getByRole('option', { name: /trace/ }).first().click()
    await page.getByRole('heading', { name: 'answer', level: 1 }).waitFor()
  })
})

describe('pages of records', { timeout: 240_000 }, () => {
  it('hold for axe-core, in both themes, and never scroll sideways, down to a phone', async () => {
    const found: string[] = []
    for (const path of [
      `/runs/${printed.id}/logs?find=needle`,
      `/runs/${printed.id}/artifacts?key=frame.parquet`,
      `/runs/${printed.id}/artifacts?key=model`,
      `/runs/${printed.id}/lineage`,
      '/lineage?dataset=orders&digest=d1',
      '/p/churn/models/scorer',
      '/trash',
      '/p/churn/settings',
      '/settings',
      '/traces',
      `/traces/${traces.answered}`,
      `/traces/${traces.failed}`,
    ]) {
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

describe('a first visit', { timeout: 900_000 }, () => {
  it('loads the demo project by really running the example, and shows how far it is', async () => {
    using empty = new Workshop()
    await using fresh = await serve(empty)
    const visitor = await openPage(browser)
    await visitor.goto(fresh.url)
    await visitor.getByText(`export MLRUN_DBPATH=${fresh.url}`).waitFor()
    await visitor.getByRole('button', { name: 'Load the demo project' }).click()
    const banner = visitor.locator('.demo-banner')
    await banner.getByText('Demo: Making the data set').waitFor()
    await visitor.reload()
    // Packages may have to be installed first.
    await banner.getByText('Demo: Trying 24 combinations').waitFor({ timeout: 600_000 })
    await banner.waitFor({ state: 'detached', timeout: 240_000 })
    await visitor.goto(`${fresh.url}/p/demo/models/iris`)
    await visitor
      .getByRole('region', { name: /^Lineage/ })
      .getByRole('link', { name: 'iris_dataset' })
      .waitFor()
    await visitor.close()
  })
})
