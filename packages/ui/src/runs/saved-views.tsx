import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { del, get, put } from '../api/client.ts'
import { A, readable, usePath, useSearch } from '../app/link.tsx'
import { FormSheet } from '../ui/form-sheet.tsx'

interface View {
  id: string
  title: string
  search: string
}

const viewsQuery = (project: string | undefined) =>
  queryOptions({
    queryKey: ['views', project],
    queryFn: async ({ signal }) => (await get<{ views: View[] }>('/views', { project }, signal)).views,
    staleTime: 30_000,
    retry: false,
  })

/** Views that somebody gave a name, beside those that are always there; everybody on the server sees them. */
export function SavedViews({ project }: { project: string | undefined }) {
  const { data: views = [] } = useQuery(viewsQuery(project))
  const path = usePath()
  const [search] = useSearch()
  const [isSaving, setSaving] = useState(false)
  const here = viewOf(search)
  const shown = views.find((view) => view.search === here)
  return (
    <>
      {views.map((view) => (
        <A
          key={view.id}
          href={`${path}${view.search === '' ? '' : `?${view.search}`}`}
          aria-current={view === shown ? 'page' : undefined}
        >
          {view.title}
        </A>
      ))}
      {here !== '' && (
        <button type="button" className="button plain small" onClick={() => setSaving(true)}>
          {shown ? 'Change view' : 'Save view'}
        </button>
      )}
      {isSaving && <ViewSheet project={project} search={here} shown={shown} onClose={() => setSaving(false)} />}
    </>
  )
}

function ViewSheet(props: { project: string | undefined; search: string; shown: View | undefined; onClose(): void }) {
  const { project, search, shown, onClose } = props
  const [title, setTitle] = useState(shown?.title ?? '')
  const queries = useQueryClient()
  const renew = (): Promise<void> => queries.invalidateQueries({ queryKey: ['views'] })
  const save = async (): Promise<void> => {
    await put(`/views/${shown?.id ?? newViewId()}`, { title: title.trim(), project: project ?? null, search })
    await renew()
  }
  const remove = async (id: string): Promise<void> => {
    await del(`/views/${id}`, { project })
    await renew()
  }
  return (
    <FormSheet
      title="Save this view"
      deed="Save"
      onSubmit={save}
      otherDeed={shown && { label: 'Delete', run: () => remove(shown.id) }}
      onClose={onClose}
    >
      <h2>{shown ? `Change ${shown.title}` : 'Save this view'}</h2>
      <p className="muted">
        Filter, order, columns and groups {project === undefined ? 'over all projects' : `of ${project}`}, for everybody who uses
        this server.
      </p>
      <label>
        Title
        <input className="field" required maxLength={200} value={title} onChange={(event) => setTitle(event.target.value)} />
      </label>
    </FormSheet>
  )
}

/** Where somebody stands in a table is no part of the view. */
function viewOf(search: URLSearchParams): string {
  const view = new URLSearchParams(search)
  view.delete('row')
  return readable(view)
}

/** `crypto.randomUUID` is there on secure origins only, and a server may be reached by a plain address. */
const newViewId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')
