import { useQuery, useQueryClient } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { formatBytes, formatCount } from '../format/number.ts'
import { FormSheet } from '../ui/form-sheet.tsx'

interface Freed {
  runs: string[]
  kept: { run: string; model: string; version: number }[]
  objectBytes: number
}

/** Says what would go for good before it goes. */
export function EmptySheet({ selection, onClose }: { selection: Record<string, unknown>; onClose: () => void }) {
  const queries = useQueryClient()
  const { data, error } = useQuery({
    queryKey: ['empty trash', selection],
    queryFn: ({ signal }) => post<Freed>('/trash/empty', { ...selection, dryRun: true }, signal),
    staleTime: 0,
    retry: false,
  })
  const empty = async (): Promise<void> => {
    await post('/trash/empty', selection)
    await queries.invalidateQueries()
  }
  return (
    <FormSheet
      title="Delete for good"
      deed="Delete for good"
      busy="Deleting"
      danger
      canSubmit={data !== undefined}
      onSubmit={empty}
      onClose={onClose}
    >
      <h2>Delete for good?</h2>
      {error && <Refusal error={error} />}
      {data && (
        <p>
          {formatCount(data.runs.length)} {data.runs.length === 1 ? 'run goes' : 'runs go'} with records, output and artifacts:{' '}
          {formatBytes(data.objectBytes)} of files. They cannot come back.
        </p>
      )}
      {data && data.kept.length > 0 && (
        <div className="note">
          {data.kept.length === 1 ? 'One stays' : `${data.kept.length} stay`}, because registered versions came from{' '}
          {data.kept.length === 1 ? 'it' : 'them'}:{' '}
          {data.kept
            .slice(0, 10)
            .map(({ model, version }) => `${model} ${version}`)
            .join(', ')}
          .
        </div>
      )}
    </FormSheet>
  )
}
