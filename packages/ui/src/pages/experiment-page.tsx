import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import { get } from '../api/client.ts'
import { MissingPage } from '../app/error-page.tsx'
import { A, useGo } from '../app/link.tsx'
import { experimentRuns } from '../app/project.ts'

/** `/experiments/<id>`: goes on to the runs of that experiment, which is what links of MLflow clients mean. */
export function ExperimentPage() {
  const { experiment: id = '' } = useParams({ strict: false })
  const { data, error } = useQuery({
    queryKey: ['experiment', id],
    queryFn: ({ signal }) => get<{ project: string; name: string }>(`/experiments/${encodeURIComponent(id)}`, {}, signal),
    retry: false,
  })
  const go = useGo()
  const href = data && experimentRuns(data.project, data.name)
  useEffect(() => {
    if (href !== undefined) go(href, { replace: true })
  }, [href, go])
  if (!error) return null
  return (
    <MissingPage title={`No experiment ${id} here`} error={error}>
      <A className="button" href="/experiments">
        All experiments
      </A>
    </MissingPage>
  )
}
