import type { RunField } from '@trainyard/contract'
import { useRef, useState } from 'react'
import type { TableScope } from '../api/queries.ts'
import type { RunRow } from '../api/types.ts'
import { formatCount } from '../format/number.ts'
import { exportRows } from './export-rows.ts'

/** Saves the table, or what is chosen of it, as CSV. A second press stops. */
export function ExportButton({
  scope,
  columns,
  chosen,
}: {
  scope: TableScope
  columns: readonly RunField[]
  chosen: readonly RunRow[]
}) {
  const [text, setText] = useState<string | null>(null)
  const running = useRef<AbortController | null>(null)
  const press = (): void => {
    if (running.current) return running.current.abort()
    const asked = new AbortController()
    running.current = asked
    setText('Reading…')
    exportRows({
      scope,
      columns,
      chosen,
      signal: asked.signal,
      onProgress: (done, total) => setText(`${formatCount(done)} of ${formatCount(total)}`),
    })
      .then(
        () => setText(null),
        (error: unknown) =>
          setText(asked.signal.aborted ? null : `Failed: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => (running.current = null))
  }
  return (
    <button
      type="button"
      className="button"
      onClick={press}
      title={chosen.length > 0 ? 'The chosen runs as CSV' : 'All runs of this table as CSV'}
    >
      {text ?? 'CSV'}
    </button>
  )
}
