import type { JsonObject } from '@trainyard/contract'
import { invalid } from './errors.ts'

/** Parameters of a loader in the client's package for a source that the server's machine reaches; `invalid_argument` for others. */
export function loadableSource(source: string): { project_context: string } | { url: string } {
  if (/^\.{0,2}\/?$/.test(source) || source.startsWith('./') || source.startsWith('../'))
    throw invalid(
      `The source '${source}' counts from wherever the client is, and the server is elsewhere: name a Git address, an archive or an absolute path.`,
    )
  const isFolder = source.startsWith('/') && !/\.(?:zip|tar\.gz|tgz)$/.test(source)
  return isFolder ? { project_context: source } : { url: source }
}

/** The function of a job that carries out the client's own code. */
export const runnerFunction = (name: string, project: string): JsonObject => ({
  kind: 'job',
  metadata: { name, project },
  // It waits for the jobs it asks for, and must not take their place.
  spec: { resources: { requests: { cpu: '0' } } },
})
