import { isAppError } from '@trainyard/contract'
import { sleep } from './connection.ts'

const waitsMs = [100, 500, 2_000, 5_000]

/** How long to leave a server alone that has been away so often, one time after the other. */
export const waitAfter = (failures: number): number => waitsMs[Math.min(failures, waitsMs.length - 1)]!

/** Asks again as long as the server is away; a refusal is thrown. Undefined when the signal said to stop. */
export async function untilAnswered<Value>(
  ask: () => Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value | undefined> {
  // oxlint-disable-next-line eslint/no-unmodified-loop-condition -- A signal changes by itself.
  for (let failures = 0; !signal?.aborted; failures++) {
    try {
      return await ask()
    } catch (error) {
      if (signal?.aborted) return undefined
      if (!isAppError(error, 'unavailable')) throw error
    }
    await sleep(waitAfter(failures), signal)
  }
  return undefined
}
