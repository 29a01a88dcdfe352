import { countOf } from '@trainyard/contract'
import { type Demand, fits, lackOf, minus } from './demand.ts'

export interface Candidate {
  number: number
  project: string
  demand: Demand
}

export interface Surroundings {
  /** What the machine has, and what of it no job has. */
  capacity: Demand
  free: Demand
  /** How many more jobs each limited project may start; others are missing. */
  room: ReadonlyMap<string, number>
  limits: ReadonlyMap<string, number>
}

export interface Picked {
  start: number[]
  /** Why each of the others waits. */
  waiting: Map<number, string>
}

/**
 * Which of the jobs that wait start now, in their order. One that its project's limit holds back is passed by. One that resources hold
 * back keeps its claim: what it asks for is not given to those behind it, so that a large job is not overtaken for ever by small
 * ones; unless it asks for more than the machine has. Pure.
 */
export function pickJobs(candidates: readonly Candidate[], { capacity, free, room, limits }: Surroundings): Picked {
  const start: number[] = []
  const waiting = new Map<number, string>()
  const left = new Map(room)
  let available = free
  for (const { number, project, demand } of candidates) {
    const places = left.get(project)
    if (places !== undefined && places <= 0) {
      const limit = limits.get(project) ?? 0
      waiting.set(number, `waits: the project ${project} runs ${countOf(limit, 'job')} at a time`)
    } else if (fits(demand, available)) {
      start.push(number)
      available = minus(available, demand)
      if (places !== undefined) left.set(project, places - 1)
    } else {
      waiting.set(number, lackOf(demand, available, capacity))
      if (fits(demand, capacity)) available = minus(available, demand)
    }
  }
  return { start, waiting }
}
