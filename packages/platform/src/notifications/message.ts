import { isEnded, type JsonValue, type NotificationSpec, type RunRecord } from '@trainyard/contract'

/** What is told, in the words of every kind. */
export interface Message {
  title: string
  text: string
  severity: string
  run: RunRecord
}

const marks: Readonly<Record<string, string>> = { completed: '✔', failed: '✘', aborted: '■' }

/** The title, and the template filled in or what everybody wants to know. */
export function messageOf(run: RunRecord, { message, severity }: Pick<NotificationSpec, 'message' | 'severity'>): Message {
  const title = `${marks[run.state] ?? '•'} ${run.name} ${run.state}`
  const text = message === undefined || message.trim() === '' ? usualText(run) : fillTemplate(message, run)
  return { title, text, severity: severity ?? (run.state === 'completed' ? 'info' : 'error'), run }
}

const mostResults = 20

function usualText(run: RunRecord): string {
  const took = run.startedAtMs !== null && run.endedAtMs !== null ? (run.endedAtMs - run.startedAtMs) / 1000 : undefined
  const results = Object.entries(run.results).filter(([key]) => !key.startsWith('system/'))
  return [
    `Project ${run.project}, run ${run.id}${took === undefined ? '' : `, ${took.toFixed(1)} s`}, by ${run.owner}`,
    ...(run.error === null ? [] : [run.error.message.slice(0, 1_000)]),
    ...(run.error === null && run.stateReason !== null && isEnded(run.state) ? [run.stateReason] : []),
    ...results.slice(0, mostResults).map(([key, value]) => `${key}: ${textOf(value)}`),
    ...(results.length > mostResults ? [`… and ${results.length - mostResults} more results`] : []),
  ].join('\n')
}

const place = /\{\{\s*([\w-]+)(?:\.([^{}]+?))?\s*\}\}/g

/** Puts what a run holds into `{{…}}` places. What is not there is empty; nothing is ever executed. */
export function fillTemplate(template: string, run: RunRecord): string {
  const tables: Readonly<Record<string, Readonly<Record<string, JsonValue | undefined>>>> = {
    run: {
      id: run.id,
      uid: run.id,
      name: run.name,
      state: run.state,
      project: run.project,
      experiment: run.experiment,
      owner: run.owner,
      host: run.host,
      iteration: run.iteration,
      reason: run.stateReason,
      error: run.error?.message ?? null,
      seconds: run.startedAtMs === null || run.endedAtMs === null ? null : (run.endedAtMs - run.startedAtMs) / 1000,
    },
    results: run.results,
    parameters: run.parameters,
    params: run.parameters,
    labels: run.labels,
  }
  return template.replaceAll(place, (whole, scope: string, name: string | undefined) => {
    if (name === undefined) return scope === 'project' ? run.project : whole
    const table = Object.hasOwn(tables, scope) ? tables[scope] : undefined
    if (table === undefined) return whole
    return Object.hasOwn(table, name) ? textOf(table[name]) : ''
  })
}

const textOf = (value: JsonValue | undefined): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)
