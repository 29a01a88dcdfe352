/** Links that other programs print, as addresses of ours: MLflow clients say "View run at <server>/#/experiments/1/runs/<id>". */
export function addressOfForeignLink(hash: string): string | undefined {
  if (!hash.startsWith('#/')) return undefined
  const [path = '', query = ''] = hash.slice(1).split('?')
  const parts = path.split('/').filter(Boolean).map(decodePart)
  const [kind, first, second, third] = parts
  if (kind === 'experiments' && second === 'runs' && third) return `/runs/${third}`
  if (kind === 'experiments' && first && second === 'traces') {
    const trace = new URLSearchParams(query).get('selectedEvaluationId') ?? new URLSearchParams(query).get('selectedTraceId')
    return trace === null ? `/traces?experiment=${encodeURIComponent(first)}` : `/traces/${encodeURIComponent(trace)}`
  }
  if (kind === 'experiments' && first) return `/experiments/${encodeURIComponent(first)}`
  if (kind === 'models' && first && second === 'versions' && third)
    return `/models/${encodeURIComponent(first)}?version=${encodeURIComponent(third)}`
  if (kind === 'models') return first ? `/models/${encodeURIComponent(first)}` : '/models'
  if (kind === 'compare-runs') {
    const runs = new URLSearchParams(query).get('runs') ?? ''
    const ids = Array.from(runs.matchAll(/[0-9a-f]{32}/g), ([id]) => id)
    return `/compare?runs=${ids.join(',')}`
  }
  return undefined
}

/** What a person may paste: a run's id or its start, `runs:/…`, `models:/…`, a link. Undefined when it is none of these. */
export function addressOfPasted(text: string): string | undefined {
  const pasted = text.trim()
  const hash = /#\/.*/.exec(pasted)?.[0]
  const foreign = hash === undefined ? undefined : addressOfForeignLink(hash)
  if (foreign !== undefined) return foreign
  const model = /^models:\/+([^/@\s]+)(?:[/@]([^/\s]+))?/.exec(pasted)
  if (model) return `/models/${model[1]}${/^\d+$/.test(model[2] ?? '') ? `?version=${model[2]}` : ''}`
  const trace = /(?:^|\/)(tr-[0-9a-f]{32})(?:$|\/|\?)/.exec(pasted)?.[1]
  if (trace !== undefined) return `/traces/${trace}`
  const run = /(?:^|\/)([0-9a-f]{32})(?:$|\/|\?)/.exec(pasted)?.[1]
  return run === undefined ? undefined : `/runs/${run}`
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
