import { useState } from 'react'
import { post } from '../api/client.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { useGo } from '../app/link.tsx'
import { FormSheet } from '../ui/form-sheet.tsx'

/** Makes a version of a registered model from an artifact; the model is made when it is new. */
export function RegisterSheet({ artifact, onClose }: { artifact: ArtifactRecord; onClose: () => void }) {
  const [name, setName] = useState(artifact.key)
  const [reason, setReason] = useState('')
  const go = useGo()
  const target = `/p/${encodeURIComponent(artifact.project)}/models/${encodeURIComponent(name.trim())}`
  const register = (): Promise<unknown> =>
    post(
      `/models/${encodeURIComponent(name.trim())}/versions`,
      { artifact: artifact.id, ...(reason === '' ? {} : { reason }) },
      undefined,
      { project: artifact.project },
    )
  return (
    <FormSheet title="Register a model" deed="Register" onSubmit={register} onDone={() => go(target)} onClose={onClose}>
      <h2>Register {artifact.key}</h2>
      <label>
        Model
        <input className="field" required value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        Why (kept in its history)
        <input className="field" value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
    </FormSheet>
  )
}
