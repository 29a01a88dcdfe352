import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What Vite notes of each file it made. */
type Manifest = Record<string, { file: string; imports?: string[] }>

const runsPage = 'src/runs/runs-page.tsx'
const runsAddress = /^\/(?:p\/([^/?]+)\/)?runs(?:\?(.*))?$/

/**
 * What the table of runs will ask for, as a `link` header for its address: its scripts, and which columns its runs have. A browser
 * fetches them while it reads the page; otherwise it would come to know of each only when the one before has run.
 */
export function readFirstNeeds(folder: string): (url: string) => string | undefined {
  const path = join(folder, 'manifest.json')
  const manifest = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Manifest) : {}
  const scripts = [...filesOf(manifest, runsPage)].map((file) => `</${file}>; rel=modulepreload; crossorigin`)
  return (url) => {
    const found = runsAddress.exec(url)
    if (!found) return undefined
    const project = found[1] === undefined ? undefined : decodeURIComponent(found[1])
    const query = new URLSearchParams({
      ...(project === undefined ? {} : { project }),
      ...(new URLSearchParams(found[2]).get('flat') === 'true' ? { iterations: 'true' } : {}),
    }).toString()
    // As the page itself writes it, or the browser would not know it again.
    const keys = `/api/trainyard/v1/table/keys${query === '' ? '' : `?${query}`}`
    // Last: what the server has to work for would keep the scripts waiting.
    return [...scripts, `<${keys}>; rel=preload; as=fetch; crossorigin`].join(', ')
  }
}

/** A file and all that it imports. */
function filesOf(manifest: Manifest, source: string, found = new Set<string>()): Set<string> {
  const entry = manifest[source]
  if (!entry || found.has(entry.file)) return found
  found.add(entry.file)
  for (const each of entry.imports ?? []) filesOf(manifest, each, found)
  return found
}
