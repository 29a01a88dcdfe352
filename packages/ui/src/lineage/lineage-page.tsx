import { A, useSearch } from '../app/link.tsx'
import { LineageView } from './lineage-view.tsx'

/** `/lineage?artifact=…` or `?dataset=…&digest=…`: of what has no page of its own to show it on. */
export function LineagePage() {
  const [search] = useSearch()
  const of = Object.fromEntries(search)
  const isAsked = ['run', 'artifact', 'model', 'dataset'].some((name) => of[name] !== undefined)
  return (
    <>
      <div className="page-head">
        <h1 className="elide">Lineage{of['dataset'] === undefined ? '' : ` of ${of['dataset']}`}</h1>
        {of['digest'] !== undefined && <span className="facts mono">{of['digest'].slice(0, 16)}</span>}
      </div>
      <div className="page-body">
        {isAsked ? (
          <LineageView of={of} />
        ) : (
          <div className="empty">
            <h2>Lineage of what?</h2>
            <p>
              It is shown where the thing is: open <A href="/runs">a run</A> and its tab Lineage, <A href="/models">a model</A>,
              or <A href="/artifacts">an artifact</A>.
            </p>
          </div>
        )}
      </div>
    </>
  )
}
