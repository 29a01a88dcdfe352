import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  ChangeOrigin,
  ModelClause,
  ModelVersion,
  Registry,
  RegistrySort,
  TextCondition,
  VersionClause,
  VersionSortField,
} from './registry.ts'
import { openTemporaryRegistry, type TemporaryRegistry } from './testing/temporary-registry.ts'

let temporary: TemporaryRegistry
let registry: Registry
let all: ModelVersion[]
const project = 'default'
const names = ['Iris', 'iris', 'iris_2', 'fraud', 'ünï%', 'a/b']
const values = ['', 'red', 'Red', 'a%b', 'a_b', 'axb', 'Ü', '*']

beforeAll(async () => {
  temporary = await openTemporaryRegistry()
  registry = temporary.registry
  let seed = 7
  const pick = <Value>(from: readonly Value[]): Value => from[(seed = (seed * 16_807) % 2_147_483_647) % from.length]!
  for (let at = 0; at < 60; at++) {
    const origin: ChangeOrigin = { by: 'ada', via: 'test', atMs: pick([10, 20, 30, 40]) }
    const name = pick(names)
    const tags = Object.fromEntries(
      [
        ['color', pick(values)],
        ['shape', pick(values)],
      ].filter(() => pick([true, false])),
    )
    const runId = pick(['r1', 'r2', undefined])
    const version = await registry.versions.create(
      { project, name, source: `s3://${pick(values)}`, tags, ...(runId === undefined ? {} : { runId }) },
      origin,
      { makeModel: true },
    )
    await registry.models.setTags(version, { color: pick(values) }, origin)
    if (pick([true, false])) await registry.versions.transition(version, { to: pick(['Staging', 'Production']) }, origin)
  }
  await registry.versions.create(
    { project: 'other', name: 'iris', source: 's3://x' },
    { by: 'ada', via: 'test' },
    { makeModel: true },
  )
  all = (await registry.versions.search({ project, limit: 1000 })).versions
})
afterAll(() => temporary[Symbol.asyncDispose]())

const text = fc.constantFrom(...names, ...values, 'r1', 'Production')
const pattern = fc.constantFrom('%', 'i%', 'I%', '%R%', 'a_b', 'a%b', '_', '', 's3://%d', 'ü%', String.raw`a\%b`, '*')
const condition: fc.Arbitrary<TextCondition> = fc.oneof(
  fc.record({ operator: fc.constantFrom('=' as const, '!=' as const, 'is not' as const), value: text }),
  fc.record({ operator: fc.constantFrom('like' as const, 'ilike' as const), value: pattern }),
  fc.record({ operator: fc.constantFrom('in' as const, 'not in' as const), values: fc.array(text, { maxLength: 3 }) }),
)
const versionClause: fc.Arbitrary<VersionClause> = fc.oneof(
  fc.record({ field: fc.constantFrom('name' as const, 'run' as const, 'source' as const, 'stage' as const), condition }),
  fc.record({
    field: fc.constant('version' as const),
    operator: fc.constantFrom('=' as const, '!=' as const, '<' as const, '<=' as const, '>' as const, '>=' as const),
    value: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 12, noNaN: true })),
  }),
  fc.record({ field: fc.constant('tag' as const), key: fc.constantFrom('color', 'shape', 'none'), condition }),
)
const sort: fc.Arbitrary<RegistrySort<VersionSortField>[]> = fc.uniqueArray(
  fc.record({
    field: fc.constantFrom('name' as const, 'version' as const, 'created' as const, 'updated' as const),
    direction: fc.constantFrom('ascending' as const, 'descending' as const),
  }),
  { selector: ({ field }) => field, maxLength: 4 },
)

function likePattern(like: string, flags: string): RegExp {
  const body = like.replaceAll(/\\[^]|[^]/gu, (part) => {
    if (part === '%') return '.*'
    if (part === '_') return '.'
    const plain = part.length > 1 && part.startsWith('\\') ? part.slice(1) : part
    return plain.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
  })
  return new RegExp(`^${body}$`, `su${flags}`)
}

/** What each condition means, said once more without a database. */
function holds(value: string | undefined, wanted: TextCondition): boolean {
  if (wanted.operator === 'is not') return value !== wanted.value
  if (value === undefined) return false
  switch (wanted.operator) {
    case '=':
      return value === wanted.value
    case '!=':
      return value !== wanted.value
    case 'in':
    case 'not in':
      return wanted.values.includes(value) === (wanted.operator === 'in')
    default:
      return likePattern(wanted.value, wanted.operator === 'ilike' ? 'i' : '').test(value)
  }
}

function matches(version: ModelVersion, clause: VersionClause): boolean {
  switch (clause.field) {
    case 'name':
    case 'source':
    case 'stage':
      return holds(version[clause.field], clause.condition)
    case 'run':
      return holds(version.runId ?? '', clause.condition)
    case 'tag':
      return holds(version.tags[clause.key], clause.condition)
    default: {
      const { value } = clause
      const results = {
        '=': version.version === value,
        '!=': version.version !== value,
        '<': version.version < value,
        '<=': version.version <= value,
        '>': version.version > value,
        '>=': version.version >= value,
      }
      return results[clause.operator]
    }
  }
}

const keys = {
  name: (version: ModelVersion) => version.name,
  version: (version: ModelVersion) => version.version,
  created: (version: ModelVersion) => version.createdAtMs,
  updated: (version: ModelVersion) => version.updatedAtMs,
}

function compare(left: ModelVersion, right: ModelVersion, order: readonly RegistrySort<VersionSortField>[]): number {
  for (const { field, direction } of order) {
    const [a, b] = [keys[field](left), keys[field](right)]
    if (a !== b) return (a < b ? -1 : 1) * (direction === 'ascending' ? 1 : -1)
  }
  return 0
}
const ties = [
  { field: 'updated', direction: 'descending' },
  { field: 'name', direction: 'ascending' },
  { field: 'version', direction: 'descending' },
] as const

const nameOf = ({ name, version }: ModelVersion): string => `${name}/${version}`

describe('search', () => {
  test('finds exactly the versions that match, in order, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(versionClause, { maxLength: 3 }),
        sort,
        fc.integer({ min: 1, max: 70 }),
        async (clauses, order, limit) => {
          const found: ModelVersion[] = []
          let cursor: string | undefined
          do {
            const page = await registry.versions.search({
              project,
              clauses,
              sort: order,
              limit,
              ...(cursor === undefined ? {} : { cursor }),
            })
            expect(page.versions.length).toBe(page.next === null ? page.versions.length : limit)
            found.push(...page.versions)
            cursor = page.next ?? undefined
          } while (cursor !== undefined)
          const expected = all
            .filter((version) => clauses.every((clause) => matches(version, clause)))
            .sort((left, right) => compare(left, right, [...order, ...ties]))
          expect(found.map(nameOf)).toEqual(expected.map(nameOf))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('finds exactly the models that match', async () => {
    const modelClause: fc.Arbitrary<ModelClause> = fc.oneof(
      fc.record({ field: fc.constant('name' as const), condition }),
      fc.record({ field: fc.constant('tag' as const), key: fc.constantFrom('color', 'none'), condition }),
    )
    const { models } = await registry.models.search({ project, limit: 1000 })
    expect(models.map((model) => model.name)).toEqual(Array.from(new Set(all.map((version) => version.name))).sort())
    await fc.assert(
      fc.asyncProperty(fc.array(modelClause, { maxLength: 3 }), async (clauses) => {
        const found = await registry.models.search({ project, clauses, limit: 1000 })
        const expected = models.filter((model) =>
          clauses.every((clause) => holds(clause.field === 'name' ? model.name : model.tags[clause.key], clause.condition)),
        )
        expect(found.models).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  test('what is no page of this search is refused', async () => {
    const { next } = await registry.versions.search({ project, limit: 1 })
    const refused = { code: 'invalid_argument' }
    for (const cursor of ['', 'x', 'e30', 'W10', 'bnVsbA', `${next}x`.slice(3), Buffer.from('["", []]').toString('base64url')])
      await expect(registry.versions.search({ project, cursor }), cursor).rejects.toMatchObject(refused)
    const byName = [{ field: 'name', direction: 'ascending' }] as const
    await expect(registry.versions.search({ project, cursor: next!, sort: byName })).rejects.toMatchObject(refused)
    await expect(registry.versions.search({ project, sort: [...byName, ...byName] })).rejects.toMatchObject(refused)
    for (const limit of [0, -1, 1.5, 200_001, Number.NaN])
      await expect(registry.versions.search({ project, limit }), String(limit)).rejects.toMatchObject(refused)
  })
})
