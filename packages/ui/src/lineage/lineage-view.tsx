import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { get } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { A } from '../app/link.tsx'
import { StateMark } from '../ui/state.tsx'
import type { Lineage, LineageNode } from '@trainyard/contract/native-api'
import { addressOfNode, box, layOut, type PlacedNode } from './layout.ts'

const kinds = { run: 'run', artifact: 'artifact', dataset: 'data set', version: 'version', input: 'input' } as const

/** What of is asked: a run, an artifact, a version of a model or a data set. */
export type LineageQuestion = Record<'run' | 'artifact' | 'model' | 'version' | 'project' | 'dataset' | 'digest', string>

export const lineageQuery = (of: Partial<LineageQuestion>) =>
  queryOptions({
    queryKey: ['lineage', of],
    queryFn: ({ signal }) => get<Lineage>('/lineage', of, signal),
    retry: false,
  })

/** From what and to what, as a picture whose things are links. */
export function LineageView({ of }: { of: Partial<LineageQuestion> }) {
  const { data, error, refetch } = useQuery(lineageQuery(of))
  if (error) return <Refusal error={error} retry={() => void refetch()} />
  if (!data) return null
  if (data.nodes.length < 2)
    return (
      <p className="muted">
        Nothing is recorded before or after it. What a run reads is recorded as an input (trainyard run --input data=…,
        mlflow.log_input), what it makes as an artifact.
      </p>
    )
  return <Picture lineage={data} />
}

function Picture({ lineage }: { lineage: Lineage }) {
  const { placed, width, height } = layOut(lineage)
  const place = useRef<HTMLDivElement>(null)
  const focus = placed.find(({ node }) => node.rank === 0)?.x ?? 0
  // What was asked for is seen first, with what is beside it.
  useEffect(() => {
    if (place.current) place.current.scrollLeft = focus - (place.current.clientWidth - box.width) / 2
  }, [focus])
  const places = new Map(placed.map((each) => [each.node.id, each]))
  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard. */}
      <div
        ref={place}
        className="scroll lineage"
        tabIndex={0}
        role="region"
        aria-label="Lineage, from what it came to what came of it"
      >
        <div style={{ width, height, position: 'relative' }}>
          <svg width={width} height={height} aria-hidden="true">
            {lineage.edges.map(({ from, to }) => (
              <path key={`${from} ${to}`} d={curve(places.get(from), places.get(to))} />
            ))}
          </svg>
          <ul>
            {placed.map(({ node, x, y }) => (
              <li
                key={node.id}
                style={{ ...box, transform: `translate(${x}px, ${y}px)` }}
                className={node.rank === 0 ? 'focus' : ''}
              >
                <Thing node={node} />
              </li>
            ))}
          </ul>
        </div>
      </div>
      {lineage.isCut && <p className="muted">There is more than is shown: at most 50 of each kind.</p>}
    </>
  )
}

function Thing({ node }: { node: LineageNode }) {
  const href = node.rank === 0 ? undefined : addressOfNode(node)
  return (
    <>
      <span className="lineage-kind">
        <span className="elide">
          {kinds[node.kind]}
          {node.detail !== null && ` · ${node.detail}`}
        </span>
        {node.state !== null && node.state !== 'completed' && <StateMark state={node.state} />}
      </span>
      {href === undefined ? (
        <span className="elide" title={node.label}>
          {node.label}
        </span>
      ) : (
        <A className="elide" href={href} title={node.label}>
          {node.label}
        </A>
      )}
    </>
  )
}

function curve(from: PlacedNode | undefined, to: PlacedNode | undefined): string {
  if (!from || !to) return ''
  const [x1, y1] = [from.x + box.width, from.y + box.height / 2]
  const [x2, y2] = [to.x, to.y + box.height / 2]
  const bend = Math.max(24, Math.abs(x2 - x1) / 2)
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}
