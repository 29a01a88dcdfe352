import type { JsonValue, RunState } from '@trainyard/contract'
import { bestIteration, type IterationResult, type Selector } from './selector.ts'

export interface TableIteration extends IterationResult {
  parameters: Readonly<Record<string, JsonValue>>
}

/** A sweep as rows and columns, for a terminal, a CSV file or a page. */
export interface IterationTable {
  /** Parameters first, then results, each in the order they first appear; one column per name and source. */
  columns: { name: string; source: 'parameter' | 'result' }[]
  /** In order of iteration. `values` follow `columns`; `null` where an iteration has none. */
  rows: { id: string; iteration: number; state: RunState; best: boolean; values: JsonValue[] }[]
}

/** `keys` narrows the parameters to those the sweep varies; by default all are there. */
export const iterationTable = (
  children: readonly TableIteration[],
  options: { selector?: Selector; keys?: readonly string[] } = {},
): IterationTable => {
  const sorted = children.toSorted((left, right) => left.iteration - right.iteration)
  const parameters = options.keys ?? namesOf(sorted.map((child) => child.parameters))
  const results = namesOf(sorted.map((child) => child.results))
  const best = options.selector === undefined ? undefined : bestIteration(options.selector, sorted)
  return {
    columns: [
      ...parameters.map((name) => ({ name, source: 'parameter' as const })),
      ...results.map((name) => ({ name, source: 'result' as const })),
    ],
    rows: sorted.map((child) => ({
      id: child.id,
      iteration: child.iteration,
      state: child.state,
      best: best?.kind === 'best' && best.child === child,
      values: [
        ...parameters.map((name) => valueOf(child.parameters, name)),
        ...results.map((name) => valueOf(child.results, name)),
      ],
    })),
  }
}

const namesOf = (records: readonly Readonly<Record<string, JsonValue>>[]): string[] => [...new Set(records.flatMap(Object.keys))]

const valueOf = (record: Readonly<Record<string, JsonValue>>, name: string): JsonValue =>
  Object.hasOwn(record, name) ? record[name]! : null
