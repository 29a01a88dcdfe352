import { expect, it } from 'vitest'
import { matchesRunFilter } from './filter-match.ts'
import { parseRunFilter } from './filter-parser.ts'
import { nearestName } from './nearest.ts'
import type { RunRecord } from './run.ts'

const run: RunRecord = {
  id: '0'.repeat(32),
  name: 'train',
  project: 'default',
  experiment: 'iris',
  kind: 'run',
  parentId: null,
  iteration: 0,
  state: 'completed',
  stateReason: null,
  createdAtMs: 1_000,
  startedAtMs: 2_000,
  endedAtMs: 62_000,
  updatedAtMs: 62_000,
  owner: 'ana',
  host: 'box',
  parameters: { depth: 12, booster: 'gbtree', eta: '0.3', deep: true },
  results: { accuracy: 0.95, loss: Number.NaN, note: 'fine' },
  labels: { team: 'a_1' },
  inputs: [],
  code: null,
  environment: null,
  exit: null,
  error: null,
  problems: [],
  task: null,
  outPath: '/out',
  supervisor: null,
  attempt: 1,
  sweep: null,
  nestedCount: 0,
  trashedAtMs: null,
}
const matches = (text: string) => matchesRunFilter(parseRunFilter(text, { nowMs: 100_000 }), run)

it.each([
  `metrics.accuracy > 0.9 and params.booster = 'gbtree'`,
  'not metrics.missing > 1',
  'metrics.note is null and results.note is not null',
  'parent is null',
  `results.note contains 'in'`,
  `params.depth = 12 and params.depth like '1%' and params.eta = '0.3'`,
  'params.deep = true',
  String.raw`labels.team like 'a\_%' and labels.team ilike 'A__'`,
  `duration = '1m' and started < '90s'`,
  'state in (failed, completed) and state not in (running)',
])('%s finds the run', (text) => {
  expect(matches(text)).toBe(true)
})

it.each([
  'metrics.missing != 1',
  'metrics.loss = nan or metrics.loss < 1 or metrics.loss >= 1 or metrics.loss != 1',
  'params.eta = 0.3',
  String.raw`labels.team like 'a\%'`,
  `labels.team like 'A%'`,
  'labels.other not in (x)',
  `name like 'tra'`,
])('%s does not find the run', (text) => {
  expect(matches(text)).toBe(false)
})

it('suggests the nearest name only when it is near', () => {
  expect(nearestName('acuracy', ['loss', 'accuracy'])).toBe('accuracy')
  expect(nearestName('STAET', ['state', 'started'])).toBe('state')
  expect(nearestName('xyz', ['state', 'started'])).toBeUndefined()
})
