import type { RunState } from '@trainyard/contract'

const glyphs: Record<RunState, string> = {
  created: '○',
  pending: '○',
  running: '◐',
  aborting: '◐',
  completed: '✓',
  failed: '✕',
  aborted: '■',
  skipped: '–',
}

/** A shape, a word and a colour: never colour alone. What is done is quiet, so that the rest is seen. */
export function StateMark({ state, reason }: { state: RunState; reason?: string | null }) {
  const isLost = state === 'failed' && /\blost\b/i.test(reason ?? '')
  const word = isLost ? 'lost' : state
  return (
    <span className={`state ${word}`} title={reason ?? undefined}>
      <span className="glyph" aria-hidden="true">
        {isLost ? '⚡' : glyphs[state]}
      </span>
      {word}
    </span>
  )
}
