import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { runQuery } from '../api/queries.ts'
import { usePath } from './link.tsx'

/** Names the tab of the browser after the page that is open; the one place that does. */
export function useTitle(): void {
  const path = usePath()
  const run = /^\/runs\/([^/]+)/.exec(path)?.[1]
  const { data } = useQuery({ ...runQuery(run ?? ''), enabled: run !== undefined })
  const title = titleOf(path, data?.name)
  useEffect(() => {
    document.title = title
  }, [title])
}

/** From the thing itself to what it is one of: `full-1 · Runs · Trainyard`. */
export function titleOf(path: string, runName?: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  const project = parts[0] === 'p' ? parts.splice(0, 2)[1] : undefined
  const [section, thing] = parts
  const name = section === 'runs' && thing !== undefined ? (runName ?? thing.slice(0, 12)) : thing && decoded(thing)
  const page = section === undefined ? (project === undefined ? 'Home' : undefined) : section[0]!.toUpperCase() + section.slice(1)
  return [name, page, project && decoded(project), 'Trainyard'].filter((part) => part !== undefined).join(' · ')
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
