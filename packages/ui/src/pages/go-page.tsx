import { useParams } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { resolveQuery } from '../api/queries.ts'
import { Refusal } from '../app/error-page.tsx'
import { addressOfPasted } from '../app/foreign-links.ts'
import { useGo } from '../app/link.tsx'

/** `/go/<anything>`: an id, the start of one, a name, `runs:/…`, `models:/…`. */
export function GoPage() {
  const { _splat: text = '' } = useParams({ strict: false })
  const known = addressOfPasted(text)
  const { data, error } = useQuery({
    ...resolveQuery(text),
    enabled: known === undefined && text !== '',
  })
  const go = useGo()
  const href = known ?? (data && `/runs/${data.id}`)
  useEffect(() => {
    if (href !== undefined) go(href, { replace: true })
  }, [href, go])
  return <div className="page-body">{error && <Refusal error={error} />}</div>
}
