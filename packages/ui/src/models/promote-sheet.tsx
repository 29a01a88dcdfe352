import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { post, put } from '../api/client.ts'
import { stagesQuery } from './queries.ts'
import type { ModelVersion } from './types.ts'
import { FormSheet } from '../ui/form-sheet.tsx'

const nextStage = (stage: string): string =>
  stage === 'Production' ? 'Archived' : stage === 'Staging' || stage === 'Archived' ? 'Production' : 'Staging'

/** Moves a version to a stage, and an alias if wanted, with the reason that stays in the history. */
export function PromoteSheet({
  version,
  stage,
  others,
  onClose,
}: {
  version: ModelVersion
  stage: string | undefined
  others: readonly ModelVersion[]
  onClose: () => void
}) {
  const { data: stages = ['Staging', 'Production', 'Archived'] } = useQuery(stagesQuery(version.project))
  const [to, setTo] = useState(stage ?? nextStage(version.stage))
  const [alias, setAlias] = useState('')
  const [reason, setReason] = useState('')
  const queries = useQueryClient()
  const leaving = others.filter(
    (other) => other.stage === to && other.version !== version.version && to !== 'None' && to !== 'Archived',
  )
  const path = `/models/${encodeURIComponent(version.name)}`
  const project = { project: version.project }
  const work = async (): Promise<void> => {
    if (to !== version.stage) await post(`${path}/versions/${version.version}/stage`, { stage: to, reason }, undefined, project)
    if (alias.trim() !== '')
      await put(
        `${path}/aliases/${encodeURIComponent(alias.trim().replace(/^@/, ''))}`,
        { version: version.version, reason },
        project,
      )
  }
  return (
    <FormSheet
      title={`${version.stage === 'Production' ? 'Move' : 'Promote'} version ${version.version}`}
      deed={`Move to ${to}`}
      onSubmit={work}
      onDone={() => {
        void queries.invalidateQueries()
        onClose()
      }}
      onClose={onClose}
    >
      <h2>
        {version.name}, version {version.version}
      </h2>
      <label>
        Stage (now {version.stage})
        <select className="field" value={to} onChange={(event) => setTo(event.target.value)}>
          {stages.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        Alias (moves there when it exists; may stay empty)
        <input className="field" placeholder="champion" value={alias} onChange={(event) => setAlias(event.target.value)} />
      </label>
      <label>
        Why
        <textarea
          className="field"
          rows={3}
          required
          placeholder="better on the pro plan"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {leaving.length > 0 && (
        <p className="note">
          Version {leaving.map((other) => other.version).join(', ')} leaves {to} and goes to Archived.
        </p>
      )}
    </FormSheet>
  )
}
