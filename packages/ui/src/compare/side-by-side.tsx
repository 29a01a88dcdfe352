import type { ReactNode } from 'react'
import type { RunRecord } from '../api/types.ts'
import { A } from '../app/link.tsx'
import type { DrawnRun } from '../charts/drawn-lines.ts'

/** So many fit beside each other; of more the first are shown. */
export const mostBeside = 6

/** One column for each run, under its colour and name. */
export function SideBySide({
  runs,
  drawn,
  children,
}: {
  runs: readonly RunRecord[]
  drawn: readonly DrawnRun[]
  children: (run: RunRecord, at: number) => ReactNode
}) {
  return (
    <>
      {runs.length > mostBeside && (
        <p className="muted">
          The first {mostBeside} of {runs.length} runs.
        </p>
      )}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard. */}
      <div className="side-by-side" tabIndex={0} role="region" aria-label="Side by side">
        {runs.slice(0, mostBeside).map((run, at) => (
          <section key={run.id} className="card" aria-label={run.name}>
            <header>
              <span className="dot" style={{ background: drawn[at]!.colour }} />
              <h2 className="elide">
                <A href={`/runs/${run.id}`}>{run.name}</A>
              </h2>
              {at === 0 && <span className="facts">the others are held against it</span>}
            </header>
            <div className="body">{children(run, at)}</div>
          </section>
        ))}
      </div>
    </>
  )
}
