import { AppError, type JsonValue } from '@trainyard/contract'
import type { ParameterRows } from '../parameter-rows.ts'
import type { Sampler } from './sampler.ts'

/** The lists side by side: iteration n takes the n-th value of each. */
export const createListSampler = (lists: Readonly<Record<string, readonly JsonValue[]>>): Sampler => {
  const entries = Object.entries(lists)
  const lengths = new Set(entries.map(([, values]) => values.length))
  if (lengths.size > 1) {
    const told = entries.map(([key, values]) => `${key} has ${values.length}`).join(', ')
    throw new AppError('invalid_argument', `Strategy list needs lists of one length: ${told}.`)
  }
  return {
    size: entries[0]?.[1].length ?? 0,
    propose: (iteration) => Object.fromEntries(entries.map(([key, values]) => [key, values[iteration - 1]!])),
  }
}

/** Rows of a parameter file: iteration n takes the n-th. */
export const createRowSampler = (rows: ParameterRows): Sampler => ({
  size: rows.length,
  propose: (iteration) => rows.row(iteration - 1),
})
