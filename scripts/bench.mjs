// Measures and prints one table. Each `bench/*.ts` may export `measure()`, each `bench/*.py` prints one JSON object per line; both give
// rows `{ name, value, unit, baseline?, budget?, higherIsBetter? }`. A baseline is measured in the same run; the ratio is what to compare
// between machines. Arguments choose benches by a part of their file name.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { prepareTestEnvironment, requirePython, setUp } from './setup.mjs'
import { root, run, say } from './steps.mjs'

await setUp(import.meta.url)
const condition = '--conditions=trainyard-source'
if (!process.execArgv.includes(condition)) {
  // Sources are measured, and they import one another under this condition.
  const { code } = await run(process.execPath, [condition, '--expose-gc', ...process.argv.slice(1)], { show: true })
  process.exit(code)
}

const folder = join(root, 'bench')
const wanted = process.argv.slice(2)
const files = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((name) => /\.(ts|py)$/.test(name) && !name.endsWith('.test.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort()

let pythonEnvironment
/** Benches that compare with Python packages need the same ones as the tests. */
async function benchPython() {
  pythonEnvironment ??= prepareTestEnvironment((await requirePython()).at(-1).executable)
  return pythonEnvironment
}

async function measureFile(name) {
  const path = join(folder, name)
  if (name.endsWith('.ts')) {
    const { measure } = await import(pathToFileURL(path).href)
    return measure ? measure({ python: benchPython }) : []
  }
  const { code, output } = await run(await benchPython(), [path], { env: { ...process.env, PYTHONPATH: join(root, 'python') } })
  if (code !== 0) throw new Error(`${name} failed:\n${output}`)
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

const number = (value) =>
  value === undefined
    ? ''
    : Math.abs(value) >= 1000
      ? Math.round(value).toLocaleString('en')
      : String(Number(value.toPrecision(3)))

function cells({ name, value, unit, baseline, budget, higherIsBetter = false }) {
  const kept = budget === undefined ? '' : (higherIsBetter ? value >= budget : value <= budget) ? 'kept' : 'MISSED'
  const bound = budget === undefined ? '' : `${higherIsBetter ? '≥' : '≤'} ${number(budget)} ${kept}`
  return [name, number(value), unit, number(baseline), baseline ? number(value / baseline) : '', bound]
}

const rows = [['what', 'value', 'unit', 'baseline', 'ratio', 'budget']]
const failures = []
for (const name of files) {
  try {
    for (const row of (await measureFile(name)) ?? []) rows.push(cells(row))
  } catch (error) {
    failures.push(`${name}: ${error.message}`)
  }
}
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
for (const row of rows)
  say(
    row
      .map((cell, column) => (column === 0 || column === 5 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  )
for (const failure of failures) console.error(`error: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
