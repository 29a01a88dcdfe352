import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { del, get } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { useGo } from '../app/link.tsx'
import { formatCount } from '../format/number.ts'
import { FormSheet } from '../ui/form-sheet.tsx'

interface Contents {
  running: { id: string; name: string }[]
  counts: Record<string, number>
}

/** Tells all that would go; its name has to be typed when there is anything. */
export function DeleteProjectSheet({ project, onClose }: { project: string; onClose: () => void }) {
  const queries = useQueryClient()
  const go = useGo()
  const [typed, setTyped] = useState('')
  const { data, error } = useQuery({
    queryKey: ['contents', project],
    queryFn: ({ signal }) => get<Contents>(`/projects/${encodeURIComponent(project)}/contents`, {}, signal),
    staleTime: 0,
    retry: false,
  })
  const counts = Object.entries(data?.counts ?? {}).filter(([, count]) => count > 0)
  const isEmpty = counts.length === 0
  const remove = async (): Promise<void> => {
    if (!isEmpty && typed !== project) throw new Error(`Type ${project} to say that it is meant.`)
    await del(`/projects/${encodeURIComponent(project)}`, { strategy: isEmpty ? 'restrict' : 'cascade' })
    go('/projects')
    void queries.invalidateQueries({ queryKey: ['projects'] })
  }
  return (
    <FormSheet
      title="Delete the project"
      deed="Delete for good"
      busy="Deleting"
      danger
      canSubmit={data !== undefined}
      onSubmit={remove}
      onClose={onClose}
    >
      <h2>Delete {project} for good?</h2>
      {error && <Refusal error={error} />}
      {data && isEmpty && <p>It is empty.</p>}
      {data && !isEmpty && (
        <>
          <p>With it go, and cannot come back:</p>
          <dl className="pairs">
            {counts.flatMap(([kind, count]) => [<dt key={kind}>{kind}</dt>, <dd key={`${kind} count`}>{formatCount(count)}</dd>])}
          </dl>
          <label>
            Its name, to say that it is meant
            <input className="field" value={typed} onChange={(event) => setTyped(event.target.value)} />
          </label>
        </>
      )}
      {data && data.running.length > 0 && (
        <p className="note">
          {data.running.length === 1 ? 'A run goes' : `${data.running.length} runs go`} on in it: stop{' '}
          {data.running
            .slice(0, 5)
            .map(({ name }) => name)
            .join(', ')}{' '}
          first.
        </p>
      )}
    </FormSheet>
  )
}
