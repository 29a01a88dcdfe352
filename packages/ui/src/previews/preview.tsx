import { queryOptions, useQuery } from '@tanstack/react-query'
import { CatchBoundary, type ErrorComponentProps } from '@tanstack/react-router'
import { addressOf } from '../api/client.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { formatBytes, formatCount } from '../format/number.ts'
import { Markdown } from '../ui/markdown.tsx'
import { ColumnStatistics } from './column-statistics.tsx'
import { DelimitedPreview } from './delimited-preview.tsx'
import { readFigure } from './figure.ts'
import { FigurePreview } from './figure-preview.tsx'
import { ParquetPreview } from './parquet-preview.tsx'
import { readBytes } from './read-bytes.ts'
import { RowTable } from './row-table.tsx'
import { ModelFacts } from './signature.tsx'
import { SweepPreview } from './sweep-preview.tsx'

/** Of large files the beginning is shown. */
const mostBytes = 1_000_000

type Kind = 'image' | 'html' | 'table' | 'parquet' | 'json' | 'markdown' | 'text' | 'other'

const endings: Record<string, Kind> = {
  png: 'image',
  jpg: 'image',
  jpeg: 'image',
  gif: 'image',
  webp: 'image',
  svg: 'image',
  html: 'html',
  htm: 'html',
  csv: 'table',
  tsv: 'table',
  parquet: 'parquet',
  pq: 'parquet',
  json: 'json',
  md: 'markdown',
  jsonl: 'text',
}
const textEndings = /^(?:txt|log|ya?ml|py|js|ts|cfg|conf|ini|toml|sh|r|sql|xml|lock)$/

export function kindOf(name: string): Kind {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  return (
    endings[ending] ??
    (textEndings.test(ending) || /^(?:MLmodel|requirements|Dockerfile)/.test(name.split('/').at(-1)!) ? 'text' : 'other')
  )
}

/** A file's own name, which tells what it is. */
export const nameOf = ({ target, key }: ArtifactRecord, path: string): string =>
  path === '' ? (target.split('/').at(-1) ?? key) : path

/** The beginning of a text. */
export const textQuery = (address: string) =>
  queryOptions({
    queryKey: ['text', address],
    queryFn: async ({ signal }) => new TextDecoder().decode(await readBytes(address, 0, mostBytes, signal)),
    staleTime: 60_000,
    retry: false,
  })

interface PreviewProps {
  artifact: ArtifactRecord
  /** Of a file within it; empty for the artifact itself. */
  path: string
  sizeBytes: number | null
}

/** The thing itself, as far as it can be shown. What a run made is not ours: where it breaks its preview, the page around stays. */
export function Preview(props: PreviewProps) {
  const { artifact, path, sizeBytes } = props
  const address = addressOf(`/artifacts/${artifact.id}/bytes`, { path })
  return (
    <div className="stack">
      <div>
        <a className="button small" href={address} download>
          Download {sizeBytes === null ? '' : formatBytes(sizeBytes)}
        </a>
      </div>
      <CatchBoundary getResetKey={() => address} errorComponent={BrokenPreview}>
        <Noted artifact={artifact} />
        <Shown {...props} address={address} />
      </CatchBoundary>
    </div>
  )
}

const BrokenPreview = ({ error, reset }: ErrorComponentProps) => (
  <Refusal
    error={new Error(`It cannot be shown here: ${error instanceof Error ? error.message : String(error)}`)}
    retry={reset}
  />
)

function Shown({ artifact, path, sizeBytes, address }: PreviewProps & { address: string }) {
  const name = nameOf(artifact, path)
  const kind = kindOf(name)
  const isSweepChart = artifact.runId !== null && artifact.metadata['chart'] === 'parallel_coordinates'
  return (
    <>
      {isSweepChart && <SweepPreview runId={artifact.runId!} />}
      {kind === 'image' && <img className="preview-image" src={address} alt={name} />}
      {kind === 'html' && (
        <>
          <iframe
            className="preview-page"
            title={name}
            sandbox="allow-scripts"
            referrerPolicy="no-referrer"
            src={addressOf(`/artifacts/${artifact.id}/bytes`, { path, show: true })}
          />
          <p className="muted">This HTML runs in a sandbox without access to Trainyard.</p>
        </>
      )}
      {kind === 'table' && <DelimitedPreview address={address} separator={/\.tsv$/i.test(name) ? '\t' : ','} />}
      {kind === 'parquet' && sizeBytes !== null && <ParquetPreview address={address} sizeBytes={sizeBytes} />}
      {!isSweepChart && (kind === 'json' || kind === 'markdown' || kind === 'text') && (
        <TextPreview address={address} kind={kind} sizeBytes={sizeBytes} />
      )}
      {kind === 'other' && (
        <p className="muted">
          There is no preview of {name}.{' '}
          <a href={address} download>
            Download it
          </a>
        </p>
      )}
    </>
  )
}

function TextPreview({ address, kind, sizeBytes }: { address: string; kind: Kind; sizeBytes: number | null }) {
  const { data, error } = useQuery(textQuery(address))
  if (error) return <Refusal error={error} />
  if (data === undefined) return null
  const isCut = sizeBytes !== null && sizeBytes > mostBytes
  const figure = kind === 'json' && !isCut ? readFigure(data) : undefined
  if (figure) return <FigurePreview figure={figure} />
  return (
    <>
      {isCut && (
        <p className="note">
          Showing {formatBytes(mostBytes)} of {formatBytes(sizeBytes)}.
        </p>
      )}
      {kind === 'markdown' ? (
        <Markdown text={data} />
      ) : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
        <pre className="snippet preview-text" tabIndex={0}>
          {kind === 'json' && !isCut ? prettyJson(data) : data}
        </pre>
      )}
    </>
  )
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

/** What was noted about it when it was logged: a first look at a table, its columns, what a model takes and gives. */
function Noted({ artifact }: { artifact: ArtifactRecord }) {
  const { preview, header, length, stats } = artifact.metadata as Record<string, unknown>
  const isTable = Array.isArray(preview) && Array.isArray(header)
  return (
    <>
      {artifact.kind === 'model' && <ModelFacts metadata={artifact.metadata} />}
      <ColumnStatistics stats={stats} />
      {isTable && (
        <section>
          <h3>First rows{typeof length === 'number' && <span className="muted"> of {formatCount(length)}</span>}</h3>
          <RowTable
            head={header.map(String)}
            rows={preview.slice(0, 50).map((row) => (Array.isArray(row) ? row.map((cell) => String(cell ?? '')) : [String(row)]))}
          />
        </section>
      )}
    </>
  )
}
