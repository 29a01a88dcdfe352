import { useParams } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { get } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { addressOfPasted } from '../app/foreign-links.ts'
import { useGo } from '../app/link.tsx'

/** `/go/<anything>`: an id, the start of one, a name, `runs:/…`, `models:/…`. */
export function GoPage() {
  const { _splat: text = '' } = useParams({ strict: false })
  const known = addressOfPasted(text)
  const { data, error } = useQuery({
    queryKey: ['resolve', text],
    queryFn: ({ signal }) => get<RunRecord>('/runs/resolve', { text }, signal),
    enabled: known === undefined && text !== '',
    retry: false,
  })
  const go = useGo()
  const href = known ?? (data && `/runs/${data.id}`)
  useEffect(() => {
    if (href !== undefined) go(href, { replace: true })
  }, [href, go])
  return <div className="page-body">{error && <Refusal error={error} />}</div>
}
