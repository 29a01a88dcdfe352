import { StateMark } from '../ui/state.tsx'
import type { Trace } from '@trainyard/contract/native-api'

const states = { OK: 'completed', ERROR: 'failed', IN_PROGRESS: 'running', STATE_UNSPECIFIED: 'created' } as const

export const TraceState = ({ state }: { state: Trace['state'] }) => <StateMark state={states[state]} />

/** What the trace says it used, where it does. */
export function tokensOf({ metadata }: Trace): number | undefined {
  try {
    const { total_tokens: total } = JSON.parse(metadata['mlflow.trace.tokenUsage'] ?? '{}') as { total_tokens?: unknown }
    return typeof total === 'number' ? total : undefined
  } catch {
    // A value that somebody wrote by hand.
    return undefined
  }
}
