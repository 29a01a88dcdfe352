import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useId, useState } from 'react'
import { get } from '../api/client.ts'
import type { RunRow } from '../api/types.ts'
import { formatMoment } from '../format/time.ts'
import { literalOf } from './filter-literal.ts'
import { addressOfPasted } from './foreign-links.ts'
import { useGo } from './link.tsx'
import { inProject, runsWhere, useProject } from './project.ts'
import { Sheet } from './sheet.tsx'
import { useFoundWork } from './found-work.ts'
import { toggleTheme } from './theme.ts'

interface Entry {
  label: string
  kind: string
  run(): void
}

/** Goes to whatever is typed or pasted: an id from a chat, a name, a page; and acts. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const entries = useEntries(text.trim())
  const list = useId()
  const at = Math.min(chosen, entries.length - 1)
  const act = (entry: Entry | undefined): void => {
    if (!entry) return
    onClose()
    entry.run()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') act(entries[at])
    else if (event.key === 'ArrowDown') setChosen(Math.min(at + 1, entries.length - 1))
    else if (event.key === 'ArrowUp') setChosen(Math.max(at - 1, 0))
    else return
    event.preventDefault()
  }
  return (
    <Sheet title="Search" className="palette" onClose={onClose}>
      <input
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- The dialog exists to be typed into.
        autoFocus
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={at >= 0 ? `${list}-${at}` : undefined}
        aria-label="Search or paste any id"
        placeholder="A name, an id or its start, runs:/…, models:/…, a link"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setChosen(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div id={list} role="listbox" aria-label="Results">
        {entries.map((entry, index) => (
          <div
            key={`${entry.kind} ${entry.label}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerMove={() => setChosen(index)}
            onClick={() => act(entry)}
          >
            <span className="elide">{entry.label}</span>
            <span className="kind">{entry.kind}</span>
          </div>
        ))}
      </div>
    </Sheet>
  )
}

const pageLinks = [
  ['Home', '/'],
  ['Runs', '/runs'],
  ['Experiments', '/experiments'],
  ['Artifacts', '/artifacts'],
  ['Functions', '/functions'],
  ['Jobs', '/jobs'],
  ['Schedules', '/schedules'],
  ['Models', '/models'],
  ['Traces', '/traces'],
  ['Trash', '/trash'],
] as const

function useEntries(text: string): Entry[] {
  const go = useGo()
  const project = useProject()
  const runs = useFoundRuns(text)
  const models = useFoundModels(text)
  const works = useFoundWork(text, project)
  const link = (label: string, kind: string, href: string): Entry => ({ label, kind, run: () => go(href) })
  const pasted = addressOfPasted(text)
  const fits = ({ label }: Entry): boolean => label.toLowerCase().includes(text.toLowerCase())
  const pages = [
    ...pageLinks.map(([label, path]) => link(label, 'page', inProject(project, path))),
    link('Projects', 'page', '/projects'),
    link('Settings', 'page', '/settings'),
    link('Failed runs', 'view', inProject(project, '/runs?filter=state = failed')),
    link('Running now', 'view', inProject(project, '/runs?filter=state = running')),
    { label: 'Switch between light and dark', kind: 'action', run: toggleTheme },
  ].filter(fits)
  const found = [
    ...(pasted === undefined ? [] : [link(text, 'go there', pasted)]),
    ...runs.map((run) =>
      link(`${run.name}  ${run.id.slice(0, 8)}`, `run · ${run.project}${startOf(run, runs)}`, `/runs/${run.id}`),
    ),
    ...models.map(({ name, project: owner }) =>
      link(name, `model · ${owner}`, `/p/${encodeURIComponent(owner)}/models/${encodeURIComponent(name)}`),
    ),
    ...works.map(({ label, kind, href }) => link(label, kind, href)),
    ...pages,
  ].slice(0, 20)
  if (found.length > 0 || text === '') return found
  const byName = runsWhere(project, `name contains ${literalOf(text)}`)
  return [link('Nothing found; Enter filters runs by it', 'filter', byName)]
}

/** Runs of one name are told apart by when they started. */
const startOf = (run: RunRow, all: readonly RunRow[]): string =>
  all.filter(({ name }) => name === run.name).length > 1 ? ` · ${formatMoment(run.startedAtMs ?? run.createdAtMs)}` : ''

function useFoundRuns(text: string): RunRow[] {
  const pattern = `'${text.replaceAll(/[^0-9a-f]/g, '')}%'`
  const byId = /^[0-9a-f]{4,32}$/.test(text) ? `id like ${pattern} or ` : ''
  const { data } = useQuery({
    queryKey: ['palette', text],
    queryFn: ({ signal }) =>
      get<{ rows: RunRow[] }>(
        '/table/window',
        { filter: `${byId}name contains ${literalOf(text)}`, limit: 6, iterations: true },
        signal,
      ),
    enabled: text.length > 1,
    placeholderData: keepPreviousData,
    retry: false,
  })
  if (text.length < 2) return []
  // While the answer is on its way those of a shorter text stand there: Enter must not open one that this text does not mean.
  const wanted = text.toLowerCase()
  return (data?.rows ?? []).filter(({ id, name }) => id.startsWith(wanted) || name.toLowerCase().includes(wanted))
}

function useFoundModels(text: string): { name: string; project: string }[] {
  const { data } = useQuery({
    queryKey: ['model names'],
    queryFn: ({ signal }) => get<{ models: { name: string; project: string }[] }>('/models', {}, signal),
    retry: false,
  })
  if (text.length < 2) return []
  return (data?.models ?? []).filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())).slice(0, 4)
}
