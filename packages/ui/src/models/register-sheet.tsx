import { useState } from 'react'
import { post } from '../api/client.ts'
import type { ArtifactRecord } from '../api/types.ts'
import { useGo } from '../app/link.tsx'
import { Sheet } from '../app/sheet.tsx'
import { FormEnd, useAttempt } from '../ui/form-end.tsx'

/** Makes a version of a registered model from an artifact; the model is made when it is new. */
export function RegisterSheet({ artifact, onClose }: { artifact: ArtifactRecord; onClose: () => void }) {
  const [name, setName] = useState(artifact.key)
  const [reason, setReason] = useState('')
  const go = useGo()
  const target = `/p/${encodeURIComponent(artifact.project)}/models/${encodeURIComponent(name.trim())}`
  const trial = useAttempt(() => go(target))
  return (
    <Sheet title="Register a model" onClose={onClose}>
      <form
        className="inside form"
        onSubmit={(event) => {
          event.preventDefault()
          const body = { artifact: artifact.id, ...(reason === '' ? {} : { reason }) }
          trial.attempt(
            async () =>
              void (await post(`/models/${encodeURIComponent(name.trim())}/versions`, body, undefined, {
                project: artifact.project,
              })),
          )
        }}
      >
        <h2>Register {artifact.key}</h2>
        <label>
          Model
          <input className="field" required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          Why (kept in its history)
          <input className="field" value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        <FormEnd trial={trial} onClose={onClose} deed="Register" />
      </form>
    </Sheet>
  )
}
