import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { artifactsQuery } from '../api/queries.ts'
import { get } from '../api/client.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { formatBytes } from '../format/number.ts'
import { Preview } from '../previews/preview.tsx'
import { RegisterSheet } from '../models/register-sheet.tsx'

/** What may be a model: a script may keep one as a plain file. */
const registrable: ReadonlySet<string> = new Set(['model', 'directory', 'file', 'object'])

/** What a run made: the list on the left, the thing itself on the right. */
export function ArtifactsTab({ runId }: { runId: string }) {
  const { data: artifacts, error, refetch } = useQuery(artifactsQuery(runId))
  const [search, change] = useSearch()
  if (error) return <Refusal error={error} retry={() => void refetch()} />
  if (!artifacts) return null
  if (artifacts.length === 0) return <p className="muted">No artifacts.</p>
  const key = search.get('key')
  const chosen = artifacts.find((artifact) => artifact.key === key) ?? artifacts[0]!
  return (
    <div className="artifacts">
      <ul className="card artifact-list" aria-label="Artifacts">
        {artifacts.map((artifact) => (
          <li key={artifact.id}>
            <button
              type="button"
              aria-current={artifact === chosen ? 'true' : undefined}
              onClick={() => change({ key: artifact.key, file: undefined })}
            >
              <span className="elide">{artifact.key}</span>
              <span className="muted">{artifact.sizeBytes === null ? artifact.kind : formatBytes(artifact.sizeBytes)}</span>
            </button>
          </li>
        ))}
      </ul>
      <ArtifactView key={chosen.id} artifact={chosen} file={search.get('file') ?? ''} onFile={(file) => change({ file })} />
    </div>
  )
}

export function ArtifactView({
  artifact,
  file,
  onFile,
}: {
  artifact: ArtifactRecord
  file: string
  onFile: (file: string) => void
}) {
  const isFolder = artifact.kind === 'model' || artifact.kind === 'directory' || artifact.kind === 'dataset'
  const { data } = useQuery({
    queryKey: ['files', artifact.id],
    queryFn: async ({ signal }) =>
      (
        await get<{ files: { path: string; isFolder: boolean; sizeBytes: number | null }[] }>(
          `/artifacts/${artifact.id}/files`,
          {},
          signal,
        )
      ).files,
    enabled: isFolder,
    retry: false,
  })
  const [isRegistering, setRegistering] = useState(false)
  const files = (data ?? []).filter((each) => !each.isFolder)
  const shown = isFolder && files.length > 0 ? (file === '' ? files[0]!.path : file) : ''
  const size = shown === '' ? artifact.sizeBytes : (files.find(({ path }) => path === shown)?.sizeBytes ?? null)
  return (
    <section className="card artifact-view">
      <header>
        <h2 className="elide">{artifact.key}</h2>
        {artifact.tags.map((tag) => (
          <span key={tag} className="chip">
            {tag}
          </span>
        ))}
        <span className="facts">
          {artifact.kind}
          {artifact.sizeBytes !== null && ` · ${formatBytes(artifact.sizeBytes)}`}
          {artifact.sha256 !== null && (
            <>
              {' · '}
              <span className="mono" title={artifact.sha256}>
                {artifact.sha256.slice(0, 8)}
              </span>
            </>
          )}
        </span>
        <A className="button small" href={`/lineage?artifact=${artifact.id}`}>
          Lineage
        </A>
        {registrable.has(artifact.kind) && (
          <button type="button" className="button small" onClick={() => setRegistering(true)}>
            Register model
          </button>
        )}
      </header>
      {isFolder && files.length > 1 && (
        <div className="artifact-files">
          {files.map(({ path, sizeBytes }) => (
            <button
              key={path}
              type="button"
              className="button plain small"
              aria-pressed={path === shown}
              onClick={() => onFile(path)}
            >
              {path} {sizeBytes !== null && <span className="muted">{formatBytes(sizeBytes)}</span>}
            </button>
          ))}
        </div>
      )}
      <div className="body">
        <Preview artifact={artifact} path={shown} sizeBytes={size} />
      </div>
      {isRegistering && <RegisterSheet artifact={artifact} onClose={() => setRegistering(false)} />}
    </section>
  )
}
