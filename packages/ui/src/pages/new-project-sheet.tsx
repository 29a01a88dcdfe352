import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { patch, post } from '../api/client.ts'
import { useGo } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { FormSheet } from '../ui/form-sheet.tsx'

/** A project before its first run, so that its secrets, owner and functions have a place. */
export function NewProjectSheet({ taken, onClose }: { taken: readonly string[]; onClose: () => void }) {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [owner, setOwner] = useState('')
  const queries = useQueryClient()
  const go = useGo()
  const make = async (): Promise<void> => {
    const wanted = name.trim()
    // The server takes a repeat for the same wish, and would change what is there.
    if (taken.includes(wanted)) throw new Error(`There is a project ${wanted} already: choose another name.`)
    await post('/projects', { name: wanted })
    const spec = {
      ...(description.trim() === '' ? {} : { description: description.trim() }),
      ...(owner.trim() === '' ? {} : { owner: owner.trim() }),
    }
    if (Object.keys(spec).length > 0) await patch(`/projects/${encodeURIComponent(wanted)}`, { spec })
    await queries.invalidateQueries({ queryKey: ['projects'] })
  }
  const show = (): void => {
    onClose()
    go(inProject(name.trim(), '/'))
  }
  return (
    <FormSheet title="New project" deed="Make" onSubmit={make} onDone={show} onClose={onClose}>
      <h2>New project</h2>
      <label>
        Name
        <input
          className="field"
          required
          spellCheck={false}
          autoComplete="off"
          placeholder="churn"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label>
        Description
        <textarea className="field" rows={3} value={description} onChange={(event) => setDescription(event.target.value)} />
      </label>
      <label>
        Owner
        <input className="field" value={owner} onChange={(event) => setOwner(event.target.value)} />
      </label>
    </FormSheet>
  )
}
