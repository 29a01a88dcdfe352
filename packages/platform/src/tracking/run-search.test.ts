import {
  comparisonOperators,
  type FilterValue,
  matchesRunFilter,
  newRunId,
  type RunField,
  type RunFilter,
  type RunRecord,
  type RunSort,
  valueOfField,
} from '@trainyard/contract'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetricRecords } from './metric-records.ts'
import { createRunRecords } from './run-records.ts'
import { orderRuns } from './run-search.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from './testing/temporary-database.ts'
import type { RunQuery, RunRecords } from './tracking.ts'

/** More runs than any bound of the search's plans would call few, so that every way of finding a page is taken. */
const runCount = Number(process.env['SEARCH_RUNS'] ?? 4_500)

/** They lie below others, and are looked at only by who asks for that. */
const nestedCount = 300

let temporary: TemporaryDatabase
let runs: RunRecords
let all: RunRecord[]

beforeAll(async () => {
  temporary = await openTemporaryDatabase()
  runs = createRunRecords(temporary.database, { nowMs: () => 1 })
  const metrics = createMetricRecords(temporary.database)
  const parameters = [
    1,
    0.3,
    '0.3',
    'text',
    'Text',
    true,
    false,
    null,
    [1],
    { a: 1 },
    '1',
    `${'x'.repeat(99)}ab`,
    `${'x'.repeat(99)}ac`,
  ]
  const values = [0, 0.25, 0.5, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const ids: string[] = []
  await Promise.all(
    Array.from({ length: runCount }, async (_, index) => {
      const id = newRunId(index, new Uint8Array(10).fill(index % 256))
      ids.push(id)
      await runs.create({
        id,
        name: `run-${index % 7}`,
        project: index % 3 ? 'one' : 'two',
        experiment: `e${index % 5}`,
        kind: 'run',
        state: index % 2 ? 'completed' : 'running',
        createdAtMs: 1000 + (index % 900),
        owner: 'ada',
        host: 'here',
        outPath: '/out',
        parameters: index % 4 === 0 ? {} : { p: parameters[index % parameters.length]!, q: index % 11 },
        labels: index % 6 === 0 ? {} : { team: ['a', 'ab', 'B', '100%', 'a_b'][index % 5]!, rare: `r${index % 700}` },
      })
      if (index % 5 !== 0)
        await metrics.append(id, [
          { key: 'm', step: 0, timeMs: 1, value: values[index % values.length]! },
          { key: 'n', step: 0, timeMs: 1, value: Math.sin(index) },
        ])
    }),
  )
  const nested = Array.from({ length: nestedCount }, (_, index) => ({
    id: newRunId(runCount + index, new Uint8Array(10).fill(index % 256)),
    name: `run-${index % 7}`,
    project: index % 3 ? 'one' : 'two',
    experiment: 'e0',
    kind: 'run' as const,
    parentId: ids[index % 9]!,
    state: 'completed' as const,
    createdAtMs: 1000 + (index % 900),
    owner: 'ada',
    host: 'here',
    outPath: '/out',
    parameters: { p: index % 3 },
  }))
  await runs.createMany(nested)
  ids.push(...nested.map(({ id }) => id))
  await runs.trash(
    ids.filter((_, index) => index % 22 === 1),
    1,
  )
  all = (await runs.getMany(ids)).toReversed()
})
afterAll(() => temporary[Symbol.asyncDispose]())

const numberFields: RunField[] = [
  { scope: 'metrics', name: 'm' },
  { scope: 'metrics', name: 'n' },
  { scope: 'metrics', name: 'absent' },
  { scope: 'attribute', name: 'created' },
  { scope: 'attribute', name: 'duration' },
]
const textFields: RunField[] = [
  { scope: 'labels', name: 'team' },
  { scope: 'labels', name: 'rare' },
  { scope: 'attribute', name: 'name' },
  { scope: 'attribute', name: 'state' },
  { scope: 'attribute', name: 'project' },
  { scope: 'attribute', name: 'experiment' },
  { scope: 'attribute', name: 'parent' },
]
const anyFields: RunField[] = [
  { scope: 'params', name: 'p' },
  { scope: 'params', name: 'q' },
]

const numbers = fc.constantFrom(0, 0.25, 0.3, 0.5, 1, 5, -1, 1010, 1400, Number.NaN, Number.POSITIVE_INFINITY)
const texts = fc.constantFrom(
  'a',
  'ab',
  'B',
  '100%',
  'a%',
  '%b',
  'a_b',
  String.raw`a\_b`,
  '1',
  '0.3',
  'text',
  'true',
  '',
  'r5',
  'run-3',
  'one',
  `${'x'.repeat(99)}ab`,
  'null',
  '[1]',
)
const patterns = ['like', 'ilike', 'contains'] as const
const numberOperators = comparisonOperators.filter((operator) => !(patterns as readonly string[]).includes(operator))

const comparisonOn = (
  fields: RunField[],
  operators: readonly (typeof comparisonOperators)[number][],
  values: fc.Arbitrary<FilterValue>,
) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('comparison' as const),
        field: fc.constantFrom(...fields),
        operator: fc.constantFrom(...operators),
        value: values,
      }),
    },
    fc.record({
      type: fc.constant('in' as const),
      field: fc.constantFrom(...fields),
      values: fc.array(values, { minLength: 1, maxLength: 4 }),
      negated: fc.boolean(),
    }),
    fc.record({ type: fc.constant('null' as const), field: fc.constantFrom(...fields), negated: fc.boolean() }),
  )

const leaf: fc.Arbitrary<RunFilter> = fc.oneof(
  comparisonOn(numberFields, numberOperators, numbers),
  comparisonOn(textFields, comparisonOperators, texts),
  comparisonOn(anyFields, comparisonOperators, texts),
  comparisonOn(anyFields, numberOperators, fc.oneof(numbers, fc.boolean())),
)

const { filter } = fc.letrec<{ filter: RunFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    leaf,
    fc.record({ type: fc.constant('and' as const), left: tie('filter'), right: tie('filter') }),
    fc.record({ type: fc.constant('and' as const), left: tie('filter'), right: tie('filter') }),
    fc.record({ type: fc.constant('or' as const), left: tie('filter'), right: tie('filter') }),
    fc.record({ type: fc.constant('not' as const), operand: tie('filter') }),
  ),
}))

const sort: fc.Arbitrary<RunSort> = fc.record({
  field: fc.constantFrom(...numberFields, ...textFields, ...anyFields),
  direction: fc.constantFrom('ascending' as const, 'descending' as const),
})

/** What a value is sorted by: numbers before texts, nothing for what comes last. */
const sortKeys = (run: RunRecord, field: RunField): (number | string | undefined)[] => {
  const value = valueOfField(field, run)
  if (value === undefined || Number.isNaN(value)) return [undefined, undefined]
  if (field.scope === 'params' && typeof value === 'string' && /^[\d.]+$/.test(value)) return [Number(value), undefined]
  if (typeof value === 'number') return [value, undefined]
  return [undefined, (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 100)]
}

const namesParent = (condition: RunFilter): boolean =>
  condition.type === 'and'
    ? namesParent(condition.left) || namesParent(condition.right)
    : 'field' in condition && condition.field.scope === 'attribute' && condition.field.name === 'parent'

const naiveSearch = ({ filter: wanted, sort: order = [], project, iterations = false, trashed = false }: RunQuery): string[] => {
  const sorts: readonly RunSort[] =
    order.length > 0 ? order : [{ field: { scope: 'attribute', name: 'created' }, direction: 'descending' }]
  const kept = all.filter(
    (run) =>
      (project === undefined || run.project === project) &&
      (trashed === 'either' || trashed === (run.trashedAtMs !== null)) &&
      (iterations || run.parentId === null || (wanted && namesParent(wanted))) &&
      (!wanted || matchesRunFilter(wanted, run)),
  )
  const keyed = kept.map((run) => ({
    id: run.id,
    keys: sorts.flatMap(({ field, direction }) => sortKeys(run, field).map((key) => ({ key, direction }))),
  }))
  // `all` is newest first and sorting is stable: ties stay so.
  keyed.sort((left, right) => {
    for (const [at, { key, direction }] of left.keys.entries()) {
      const other = right.keys[at]!.key
      if (key === other) continue
      if (key === undefined) return 1
      if (other === undefined) return -1
      return key < other === (direction === 'ascending') ? -1 : 1
    }
    return 0
  })
  return keyed.map((run) => run.id)
}

const everyPage = async (query: RunQuery): Promise<string[]> => {
  const ids: string[] = []
  let cursor: string | undefined
  for (let page = 0; page < 4; page++) {
    const found = await runs.search({ ...query, ...(cursor ? { cursor } : {}) })
    ids.push(...found.runs.map((run) => run.id))
    if (!found.next) break
    cursor = found.next
  }
  return ids
}

describe('search', () => {
  test('finds in every order, page after page, what a look at every record finds', async () => {
    const query = fc.record(
      {
        filter,
        sort: fc.array(sort, { minLength: 1, maxLength: 2 }),
        project: fc.constantFrom('one', 'two'),
        iterations: fc.boolean(),
        trashed: fc.constantFrom(false, true, 'either' as const),
        limit: fc.constantFrom(3, 50, 700),
      },
      { requiredKeys: ['limit'] },
    )
    await fc.assert(
      fc.asyncProperty(query, async (each) => {
        const expected = naiveSearch(each)
        expect(await everyPage(each)).toEqual(expected.slice(0, each.limit * 4))
        expect(await runs.count(each)).toBe(expected.length)
      }),
      { numRuns: Number(process.env['SEARCH_CHECKS'] ?? 80) },
    )
  })

  test('a NaN is in no list, not even one of a single value', async () => {
    const inList: RunFilter = { type: 'in', field: numberFields[0]!, values: [0], negated: true }
    const query = { filter: { type: 'not', operand: inList } as const, limit: 700 }
    expect(await runs.count(query)).toBe(naiveSearch(query).length)
  })

  test('a cursor of another order is refused', async () => {
    const { next } = await runs.search({ limit: 1 })
    const query = { limit: 1, cursor: next!, sort: [{ field: numberFields[0]!, direction: 'ascending' as const }] }
    await expect(runs.search(query)).rejects.toMatchObject({ code: 'invalid_argument' })
    await expect(runs.search({ cursor: 'rubbish' })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('a text compared with a metric is refused with a sentence', async () => {
    const wrong: RunFilter = { type: 'comparison', field: numberFields[0]!, operator: 'like', value: 'x' }
    await expect(runs.search({ filter: wrong })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('m is a number') as string,
    })
  })

  test('a filter of 400 parts works, one of 600 is refused', async () => {
    const chain = (length: number) =>
      Array.from({ length }, (): RunFilter => ({ type: 'comparison', field: textFields[0]!, operator: '=', value: 'a' })).reduce(
        (left, right) => ({ type: 'or', left, right }),
      )
    expect((await runs.search({ filter: chain(400), limit: 5 })).runs).toHaveLength(5)
    await expect(runs.search({ filter: chain(600) })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('counts and puts in order what an index alone names: iterations, other projects and the trash are left out', async () => {
    const kept = all.filter(({ trashedAtMs }) => trashedAtMs === null)
    const n: RunField = { scope: 'metrics', name: 'n' }
    const above: RunFilter = { type: 'comparison', field: n, operator: '>', value: 0.2 }
    const present: RunFilter = { type: 'null', field: { scope: 'metrics', name: 'm' }, negated: true }
    for (const wanted of [above, present, { type: 'and', left: above, right: present } satisfies RunFilter]) {
      const expected = kept.filter((run) => run.parentId === null && run.project === 'one' && matchesRunFilter(wanted, run))
      expect(await runs.count({ filter: wanted, project: 'one' })).toBe(expected.length)
      const found = await orderRuns(temporary.database, { filter: wanted, project: 'one' })
      expect(found).toHaveLength(expected.length)
    }
    expect(await orderRuns(temporary.database, {})).toHaveLength(kept.filter(({ parentId }) => parentId === null).length)
  })

  test('nested runs are told with their parent, and found by who asks for them or names the parent', async () => {
    const kept = all.filter(({ trashedAtMs }) => trashedAtMs === null)
    const parent = kept.find((run) => run.nestedCount > 0)!
    const below = kept.filter(({ parentId }) => parentId === parent.id)
    expect(parent.nestedCount).toBe(below.length)
    const belowParent: RunFilter = {
      type: 'comparison',
      field: { scope: 'attribute', name: 'parent' },
      operator: '=',
      value: parent.id,
    }
    expect(await runs.count({ filter: belowParent })).toBe(below.length)
    expect(await runs.count({ iterations: true })).toBe(kept.length)
    await runs.trash([below[0]!.id], 1)
    expect((await runs.get(parent.id)).nestedCount).toBe(below.length - 1)
    await runs.restore([below[0]!.id])
  })
})
