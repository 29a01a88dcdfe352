import { useQuery } from '@tanstack/react-query'
import { addressOf } from '../api/client.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { formatBytes } from '../format/number.ts'
import { Markdown } from '../ui/markdown.tsx'
import { parseDelimited } from './delimited.ts'

/** Of large files the beginning is shown. */
const mostBytes = 1_000_000
const mostRows = 500

type Kind = 'image' | 'html' | 'table' | 'json' | 'markdown' | 'text' | 'other'

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
  json: 'json',
  md: 'markdown',
  jsonl: 'text',
}
const textEndings = /^(?:txt|log|ya?ml|py|js|ts|cfg|conf|ini|toml|sh|r|sql|xml|lock)$/

function kindOf(name: string): Kind {
  const ending = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  return (
    endings[ending] ??
    (textEndings.test(ending) || /^(?:MLmodel|requirements|Dockerfile)/.test(name.split('/').at(-1)!) ? 'text' : 'other')
  )
}

export function Preview({ artifact, path, sizeBytes }: { artifact: ArtifactRecord; path: string; sizeBytes: number | null }) {
  const name = path === '' ? (artifact.target.split('/').at(-1) ?? artifact.key) : path
  const kind = kindOf(name)
  const address = addressOf(`/artifacts/${artifact.id}/bytes`, { path })
  const save = (
    <a className="button small" href={address} download>
      Download {sizeBytes === null ? '' : formatBytes(sizeBytes)}
    </a>
  )
  return (
    <div className="stack">
      <div>{save}</div>
      <MetadataPreview artifact={artifact} />
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
      {(kind === 'table' || kind === 'json' || kind === 'markdown' || kind === 'text') && (
        <TextPreview address={address} kind={kind} name={name} sizeBytes={sizeBytes} />
      )}
      {kind === 'other' && (
        <p className="muted">
          There is no preview of {name}.{' '}
          <a href={address} download>
            Download it
          </a>
        </p>
      )}
    </div>
  )
}

function TextPreview({
  address,
  kind,
  name,
  sizeBytes,
}: {
  address: string
  kind: Kind
  name: string
  sizeBytes: number | null
}) {
  const { data, error } = useQuery({
    queryKey: ['text', address],
    queryFn: async ({ signal }) => {
      const response = await fetch(address, { signal, headers: { range: `bytes=0-${mostBytes - 1}` } })
      if (!response.ok && response.status !== 416)
        throw new Error(`The file cannot be read: ${(await response.text()).slice(0, 200)}`)
      return response.status === 416 ? '' : await response.text()
    },
    staleTime: 60_000,
    retry: false,
  })
  if (error) return <Refusal error={error} />
  if (data === undefined) return null
  const isCut = sizeBytes !== null && sizeBytes > mostBytes
  return (
    <>
      {isCut && (
        <p className="note">
          Showing {formatBytes(mostBytes)} of {formatBytes(sizeBytes)}.
        </p>
      )}
      {kind === 'table' ? (
        <TablePreview rows={parseDelimited(data, name.endsWith('.tsv') ? '\t' : ',', mostRows + 1)} />
      ) : kind === 'markdown' ? (
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

export function TablePreview({ rows }: { rows: readonly (readonly string[])[] }) {
  const [head = [], ...body] = rows
  const isNumber = head.map((_, column) =>
    body.slice(0, 20).every((row) => row[column] === undefined || /^-?[\d.]+(?:e[+-]?\d+)?$/i.test(row[column])),
  )
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
    <div className="scroll preview-table" tabIndex={0} role="region" aria-label="Rows">
      <table className="plain-table">
        <thead>
          <tr>
            {head.map((name, column) => (
              <th key={column} scope="col" className={isNumber[column] ? 'num' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.slice(0, mostRows).map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column} className={isNumber[column] ? 'num' : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {body.length >= mostRows && <p className="muted">The first {mostRows} rows.</p>}
    </div>
  )
}

/** What was noted about a data set or table when it was logged. */
function MetadataPreview({ artifact }: { artifact: ArtifactRecord }) {
  const { preview, header } = artifact.metadata as { preview?: unknown; header?: unknown }
  if (!Array.isArray(preview) || !Array.isArray(header)) return null
  const rows = [
    header.map(String),
    ...preview.slice(0, 50).map((row) => (Array.isArray(row) ? row.map((cell) => String(cell ?? '')) : [String(row)])),
  ]
  return <TablePreview rows={rows} />
}
