import { endedIterations, mostIterations } from '@trainyard/contract'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { iterationsQuery } from '../api/queries.ts'
import type { RunRecord } from '../api/types.ts'
import { terminalCommand } from '../format/command.ts'
import { formatDuration } from '../format/time.ts'
import { FormSheet } from '../ui/form-sheet.tsx'
import { paceMsOf } from './sweep-facts.ts'

/** More iterations for a sweep that has ended; it goes on as a job of the server. */
export function ExtendSheet({ run, onClose }: { run: RunRecord; onClose: () => void }) {
  const { data: iterations = [] } = useQuery(iterationsQuery(run.id))
  const queries = useQueryClient()
  const [typed, setTyped] = useState<string | undefined>(undefined)
  const { planned = null, stopReason = null } = run.sweep ?? {}
  // As the server counts: a sweep that was stopped has fewer than were planned.
  const has = iterations.reduce((most, { iteration }) => Math.max(most, iteration), run.sweep ? endedIterations(run.sweep) : 0)
  const count = typed ?? String(planned !== null && planned > has ? planned : has + Math.max(10, Math.round(has / 2)))
  const more = Math.max(0, Number(count) - has)
  const paceMs = paceMsOf(iterations)
  return (
    <FormSheet
      title="Extend the sweep"
      deed="Extend"
      busy="Extending…"
      onSubmit={() => post(`/runs/${run.id}/extend`, { maxIterations: Number(count) })}
      onDone={() => {
        void queries.invalidateQueries()
        onClose()
      }}
      onClose={onClose}
    >
      <h2>Extend {run.name}</h2>
      <p className="muted">
        It has {has} {has === 1 ? 'iteration' : 'iterations'}
        {planned !== null && planned > has ? ` of ${planned} planned` : ''}. They stay as they are; the next ones go on from them,
        on the server. A grid that has tried all of its values has no more: start another sweep for those.
      </p>
      {stopReason !== null && <p className="note">It ended because {stopReason}. What ended it holds for the next ones too.</p>}
      <label>
        Iterations in all
        <input
          className="field"
          type="number"
          required
          min={has + 1}
          max={mostIterations}
          value={count}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <p className="muted" aria-live="polite">
        {more} more{paceMs !== undefined && more > 0 && `, about ${formatDuration(more * paceMs)} at the pace so far`}. On the
        command line: <code>{terminalCommand(`resume ${run.id.slice(0, 12)} --max-iterations ${count || '…'}`)}</code>
      </p>
    </FormSheet>
  )
}
