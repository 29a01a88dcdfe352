import { useSearch } from '../app/link.tsx'
import { LineageView } from './lineage-view.tsx'

/** `/lineage?artifact=…` or `?dataset=…&digest=…`: of what has no page of its own to show it on. */
export function LineagePage() {
  const [search] = useSearch()
  const of = Object.fromEntries(search)
  return (
    <>
      <div className="page-head">
        <h1 className="elide">Lineage{of['dataset'] === undefined ? '' : ` of ${of['dataset']}`}</h1>
        {of['digest'] !== undefined && <span className="facts mono">{of['digest'].slice(0, 16)}</span>}
      </div>
      <div className="page-body">
        <LineageView of={of} />
      </div>
    </>
  )
}
