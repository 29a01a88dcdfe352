import { useParams } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { resolveQuery } from '../api/queries.ts'
import { MissingPage } from '../app/error-page.tsx'
import { addressOfPasted } from '../app/foreign-links.ts'
import { A, useGo } from '../app/link.tsx'

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
  if (!error) return null
  return (
    <MissingPage title={`Nothing here is called ${text}`} error={error}>
      <A className="button" href="/runs">
        All runs
      </A>
    </MissingPage>
  )
}
