import { useQueries, useQuery } from '@tanstack/react-query'
import { diffLines } from '@trainyard/contract'
import { addressOf } from '../api/client.ts'
import { artifactsQuery } from '../api/queries.ts'
import type { ArtifactRecord, RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { useSearch } from '../app/link.tsx'
import type { DrawnRun } from '../charts/drawn-lines.ts'
import { formatBytes } from '../format/number.ts'
import { parseDelimited } from '../previews/delimited.ts'
import { kindOf, nameOf, Preview, textQuery } from '../previews/preview.tsx'
import { RowTable } from '../previews/row-table.tsx'
import { LineChanges } from '../ui/line-changes.tsx'
import { mostBeside, SideBySide } from './side-by-side.tsx'

/** What the runs made under one name: pictures and tables beside each other, texts as what differs from the first. */
export function ArtifactsSide({ runs, drawn }: { runs: readonly RunRecord[]; drawn: readonly DrawnRun[] }) {
  const [search, change] = useSearch()
  const shown = runs.slice(0, mostBeside)
  const answers = useQueries({ queries: shown.map(({ id }) => artifactsQuery(id)) })
  if (answers.some(({ data, error }) => data === undefined && error === null)) return null
  const refused = answers.find(({ error }) => error)?.error
  if (refused) return <Refusal error={refused} />
  const lists = answers.map(({ data }) => data ?? [])
  const keys = [...new Set(lists.flat().map(({ key }) => key))].toSorted()
  if (keys.length === 0) return <p className="muted">None of them made an artifact.</p>
  const find = (at: number, key: string): ArtifactRecord | undefined => lists[at]?.find((artifact) => artifact.key === key)
  const isSame = (key: string): boolean => {
    const hashes = new Set(shown.map((_, at) => find(at, key)?.sha256 ?? `none ${at}`))
    return hashes.size === 1
  }
  const sorted = keys.toSorted((one, other) => Number(isSame(one)) - Number(isSame(other)))
  const key = search.get('key') ?? sorted[0]!
  const base = find(0, key)
  return (
    <div className="stack">
      <div className="artifact-files" role="group" aria-label="Artifacts">
        {sorted.map((name) => (
          <button
            key={name}
            type="button"
            className="button plain small"
            aria-pressed={name === key}
            onClick={() => change({ key: name })}
          >
            {name} {isSame(name) && <span className="muted">same</span>}
          </button>
        ))}
      </div>
      <SideBySide runs={runs} drawn={drawn}>
        {(_, at) => {
          const artifact = find(at, key)
          if (!artifact) return <p className="muted">It made no {key}.</p>
          if (at > 0 && base && artifact.sha256 !== null && artifact.sha256 === base.sha256)
            return <p className="muted">The same bytes as the first: {formatBytes(artifact.sizeBytes ?? 0)}.</p>
          return <Held artifact={artifact} base={at > 0 ? base : undefined} />
        }}
      </SideBySide>
    </div>
  )
}

/** Larger texts are shown, not compared. */
const mostCompared = 1_000_000

function Held({ artifact, base }: { artifact: ArtifactRecord; base: ArtifactRecord | undefined }) {
  const kind = kindOf(nameOf(artifact, ''))
  const isSmall = [artifact, base].every((each) => (each?.sizeBytes ?? 0) <= mostCompared)
  if (base && isSmall && kind === 'table') return <TableAgainst artifact={artifact} base={base} />
  if (base && isSmall && (kind === 'text' || kind === 'json' || kind === 'markdown'))
    return <TextAgainst artifact={artifact} base={base} />
  return <Preview artifact={artifact} path="" sizeBytes={artifact.sizeBytes} />
}

const bytesOf = ({ id }: ArtifactRecord): string => addressOf(`/artifacts/${id}/bytes`)

function useTexts(artifact: ArtifactRecord, base: ArtifactRecord) {
  const [own, first] = [useQuery(textQuery(bytesOf(artifact))), useQuery(textQuery(bytesOf(base)))]
  const error = own.error ?? first.error
  return { own: own.data, first: first.data, error }
}

function TextAgainst({ artifact, base }: { artifact: ArtifactRecord; base: ArtifactRecord }) {
  const { own, first, error } = useTexts(artifact, base)
  if (error) return <Refusal error={error} />
  if (own === undefined || first === undefined) return null
  return <LineChanges changes={diffLines(first, own)} />
}

function TableAgainst({ artifact, base }: { artifact: ArtifactRecord; base: ArtifactRecord }) {
  const { own, first, error } = useTexts(artifact, base)
  if (error) return <Refusal error={error} />
  if (own === undefined || first === undefined) return null
  const rowsOf = (text: string, { target }: ArtifactRecord) =>
    parseDelimited(text, target.endsWith('.tsv') ? '\t' : ',', 501).rows
  const [head = [], ...rows] = rowsOf(own, artifact)
  return <RowTable head={head} rows={rows} base={rowsOf(first, base).slice(1)} />
}
