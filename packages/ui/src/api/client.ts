/** Requests to the native interface, with its errors as sentences. */
const prefix = '/api/trainyard/v1'

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly details: Record<string, unknown>

  constructor(status: number, problem: { code?: string; message?: string; details?: Record<string, unknown> }) {
    super(problem.message ?? `The server answered ${status}.`)
    this.status = status
    this.code = problem.code ?? 'internal'
    this.details = problem.details ?? {}
  }

  /** Nobody answered, or only something on the way did: trying again may help. */
  get isAway(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504
  }
}

type Query = Record<string, string | number | boolean | undefined>

export function addressOf(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined || value === '' ? [] : [[key, String(value)]],
  )
  return `${prefix}${path}${pairs.length > 0 ? `?${new URLSearchParams(pairs).toString()}` : ''}`
}

async function ask<Answer>(method: string, address: string, options: { body?: unknown; signal?: AbortSignal }): Promise<Answer> {
  const { body, signal } = options
  let response: Response
  try {
    response = await fetch(address, {
      method,
      ...(signal ? { signal } : {}),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(0, { message: 'The server does not answer.' })
  }
  if (response.ok) return (await response.json()) as Answer
  const text = await response.text()
  throw new ApiError(response.status, readProblem(text))
}

function readProblem(text: string): { message: string } {
  try {
    const parsed = JSON.parse(text) as { error?: { message: string } }
    if (parsed.error) return parsed.error
  } catch {
    // A sentence in plain text, as the guard sends it.
  }
  return { message: text.slice(0, 300) }
}

export const get = <Answer>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Answer> =>
  ask<Answer>('GET', addressOf(path, query), signal ? { signal } : {})

export const post = <Answer>(path: string, body: unknown, signal?: AbortSignal, query: Query = {}): Promise<Answer> =>
  ask<Answer>('POST', addressOf(path, query), signal ? { body, signal } : { body })

export const put = <Answer>(path: string, body: unknown, query: Query = {}): Promise<Answer> =>
  ask<Answer>('PUT', addressOf(path, query), { body })

export const del = <Answer>(path: string, query: Query = {}): Promise<Answer> => ask<Answer>('DELETE', addressOf(path, query), {})

export const patch = <Answer>(path: string, body: unknown): Promise<Answer> => ask<Answer>('PATCH', addressOf(path), { body })

/** JSON has no NaN: the server writes it as a text. */
export function readNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return value === 'NaN' ? Number.NaN : value === 'Infinity' ? Infinity : value === '-Infinity' ? -Infinity : undefined
}
