import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Demand } from './demand.ts'
import { type Candidate, pickJobs } from './pick-jobs.ts'

const gibibyte = 2 ** 30
const demand = (cpus: number, memoryBytes = 0, gpus = 0): Demand => ({ cpuMilli: cpus * 1000, memoryBytes, gpus })
const machine = demand(4, 8 * gibibyte, 1)
const job = (number: number, wanted: Demand, project = 'p'): Candidate => ({ number, project, demand: wanted })
const pick = (
  candidates: Candidate[],
  { free = machine, limits = {} }: { free?: Demand; limits?: Record<string, number> } = {},
) => {
  const known = new Map(Object.entries(limits))
  return pickJobs(candidates, { capacity: machine, free, room: known, limits: known })
}

test('jobs start in their order as long as there is room, and the others say what they wait for', () => {
  const { start, waiting } = pick([job(1, demand(2)), job(2, demand(2)), job(3, demand(1))])
  expect(start).toEqual([1, 2])
  expect([...waiting]).toEqual([[3, 'waits for 1 CPU, which other jobs have']])
})

test('a large job is not overtaken by small ones that would take what it waits for', () => {
  const { start, waiting } = pick([job(1, demand(4)), job(2, demand(1))], { free: demand(3, gibibyte, 0) })
  expect(start).toEqual([])
  expect([...waiting.keys()]).toEqual([1, 2])
})

test('one that asks for more than the machine has holds nobody up, and says so', () => {
  const { start, waiting } = pick([job(1, demand(1, 0, 2)), job(2, demand(4))])
  expect(start).toEqual([2])
  expect(waiting.get(1)).toBe('waits for 2 GPUs, and the server has 1 GPU')
})

test('one that waits for its project is passed by', () => {
  const { start, waiting } = pick([job(1, demand(1), 'a'), job(2, demand(1), 'a'), job(3, demand(1), 'b')], { limits: { a: 1 } })
  expect(start).toEqual([1, 3])
  expect(waiting.get(2)).toBe('waits: the project a runs 1 job at a time')
})

const anyDemand = fc.record({
  cpuMilli: fc.integer({ min: 0, max: 6000 }),
  memoryBytes: fc.integer({ min: 0, max: 10 * gibibyte }),
  gpus: fc.integer({ min: 0, max: 2 }),
})

test('whatever waits: no resource and no project is overdrawn, each job starts once or has a reason, and what can start does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ wanted: anyDemand, project: fc.constantFrom('a', 'b', 'c') }), { maxLength: 30 }),
      anyDemand,
      fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 3 })),
      (jobs, free, limits) => {
        const candidates = jobs.map(({ wanted, project }, index) => job(index, wanted, project))
        const { start, waiting } = pick(candidates, { free, limits })
        const started = candidates.filter(({ number }) => start.includes(number))
        const sum = (field: keyof Demand): number => started.reduce((total, each) => total + each.demand[field], 0)
        for (const field of ['cpuMilli', 'memoryBytes', 'gpus'] as const) expect(sum(field)).toBeLessThanOrEqual(free[field])
        for (const [project, limit] of Object.entries(limits))
          expect(started.filter((each) => each.project === project).length).toBeLessThanOrEqual(limit)
        expect([...start, ...waiting.keys()].toSorted((one, other) => one - other)).toEqual(
          candidates.map(({ number }) => number),
        )
        const first = candidates.find(({ project }) => limits[project] !== 0)
        if (
          first &&
          first.demand.cpuMilli <= free.cpuMilli &&
          first.demand.memoryBytes <= free.memoryBytes &&
          first.demand.gpus <= free.gpus
        )
          expect(start).toContain(first.number)
      },
    ),
  )
})
