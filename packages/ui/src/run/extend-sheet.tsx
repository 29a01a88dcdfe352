import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Sheet } from '../app/sheet.tsx'
import { FormEnd, useAttempt } from '../ui/form-end.tsx'
import { terminalCommand } from '../format/command.ts'

/** More iterations for a sweep that has ended; it goes on as a job of the server. */
export function ExtendSheet({ run, onClose }: { run: RunRecord; onClose: () => void }) {
  const planned = run.sweep?.planned ?? 0
  const [count, setCount] = useState(String(planned + Math.max(10, Math.round(planned / 2))))
  const queries = useQueryClient()
  const trial = useAttempt(() => {
    void queries.invalidateQueries()
    onClose()
  })
  return (
    <Sheet title="Extend the sweep" onClose={onClose}>
      <form
        className="inside form"
        onSubmit={(event) => {
          event.preventDefault()
          trial.attempt(async () => void (await post(`/runs/${run.id}/extend`, { maxIterations: Number(count) })))
        }}
      >
        <h2>Extend {run.name}</h2>
        <p className="muted">
          Its {planned} iterations stay as they are; the next ones go on from them, on the server. A grid that has tried all of
          its values has no more: start another sweep for those. On the command line:{' '}
          <code>{terminalCommand(`resume ${run.id.slice(0, 12)} --max-iterations ${count || '…'}`)}</code>
        </p>
        <label>
          Iterations in all
          <input
            className="field"
            type="number"
            required
            min={planned + 1}
            value={count}
            onChange={(event) => setCount(event.target.value)}
          />
        </label>
        <FormEnd trial={trial} onClose={onClose} deed="Extend" busy="Extending…" />
      </form>
    </Sheet>
  )
}
