import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { patch, post } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { Markdown } from '../ui/markdown.tsx'

const textOf = (form: FormData, name: string): string => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

const noteLabel = 'mlflow.note.content'

/** Labels and a note in Markdown, both editable. */
export function Note({ run }: { run: RunRecord }) {
  const [draft, setDraft] = useState<string | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const queries = useQueryClient()
  const labels = Object.entries(run.labels).filter(([key]) => !key.startsWith('mlflow.'))
  const note = run.labels[noteLabel] ?? ''
  const save = (work: () => Promise<unknown>): void => {
    work().then(
      () => {
        setDraft(null)
        setError(null)
        return queries.invalidateQueries({ queryKey: ['run', run.id] })
      },
      (reason: unknown) => setError(reason instanceof Error ? reason : new Error(String(reason))),
    )
  }
  return (
    <section className="card">
      <header>
        <h2>Labels and note</h2>
      </header>
      <div className="body stack">
        {labels.length > 0 && (
          <dl className="pairs">
            {labels.flatMap(([key, value]) => [
              <dt key={key}>{key}</dt>,
              <dd key={`${key} value`}>
                {value}{' '}
                <button
                  type="button"
                  className="button plain small"
                  aria-label={`Take the label ${key} away`}
                  onClick={() => save(() => post('/runs/label', { runs: [run.id], labels: { [key]: null } }))}
                >
                  ✕
                </button>
              </dd>,
            ])}
          </dl>
        )}
        <form
          className="label-form"
          onSubmit={(event) => {
            event.preventDefault()
            const form = new FormData(event.currentTarget)
            event.currentTarget.reset()
            save(() => post('/runs/label', { runs: [run.id], labels: { [textOf(form, 'key')]: textOf(form, 'value') } }))
          }}
        >
          <input className="field" name="key" required aria-label="Name of a new label" placeholder="label" />
          <input className="field" name="value" aria-label="Its value" placeholder="value" />
          <button type="submit" className="button small">
            Add
          </button>
        </form>
        {draft === null ? (
          <>
            {note !== '' && <Markdown text={note} />}
            <button type="button" className="button plain small" onClick={() => setDraft(note)}>
              {note === '' ? 'Write a note' : 'Change the note'}
            </button>
          </>
        ) : (
          <>
            <textarea
              className="field"
              rows={5}
              aria-label="Note"
              value={draft}
              onChange={(event) => setDraft(event.target.value)}
            />
            <div className="form">
              <div className="buttons">
                <button type="button" className="button small" onClick={() => setDraft(null)}>
                  Cancel
                </button>
                <button
                  type="button"
                  className="button small primary"
                  onClick={() => save(() => patch(`/runs/${run.id}`, { note: draft === '' ? null : draft }))}
                >
                  Save
                </button>
              </div>
            </div>
          </>
        )}
        {error && <Refusal error={error} />}
      </div>
    </section>
  )
}
