import { AsyncLocalStorage } from 'node:async_hooks'
import type { Transaction } from './database.ts'

type Change = (transaction: Transaction) => Promise<void>

const riders = new AsyncLocalStorage<{ change: Change | undefined }>()

/**
 * Does some work, and makes the change in the same transaction as its first write: both are there after a crash, or none is. Work that
 * writes nothing does not make it.
 */
export const withRider = <Result>(change: Change, work: () => Promise<Result>): Promise<Result> => riders.run({ change }, work)

/** For a database's `write`, at the moment it is asked for: the operation, with the change that rides along where there is one. */
export function carrying<Result>(
  operation: (transaction: Transaction) => Promise<Result>,
): (transaction: Transaction) => Promise<Result> {
  const held = riders.getStore()
  const change = held?.change
  if (held === undefined || change === undefined) return operation
  held.change = undefined
  return async (transaction) => {
    try {
      await change(transaction)
      return await operation(transaction)
    } catch (error) {
      // Taken back with the operation: it rides with the next one.
      held.change = change
      throw error
    }
  }
}
