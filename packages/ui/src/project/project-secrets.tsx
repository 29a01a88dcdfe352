import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, post, put } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { Age } from '../ui/moment.tsx'

/** Their names: the values are known to running jobs alone, and nobody is ever shown them. */
export function ProjectSecrets({ project }: { project: string }) {
  const queries = useQueryClient()
  const path = `/projects/${encodeURIComponent(project)}/secrets`
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const [problem, setProblem] = useState<Error | null>(null)
  const { data, error } = useQuery({
    queryKey: ['secrets', project],
    queryFn: async ({ signal }) => (await get<{ secrets: { name: string; updatedAtMs: number }[] }>(path, {}, signal)).secrets,
    retry: false,
  })
  const change = async (work: () => Promise<unknown>): Promise<void> => {
    setProblem(null)
    try {
      await work()
      await queries.invalidateQueries({ queryKey: ['secrets', project] })
    } catch (reason) {
      setProblem(reason instanceof Error ? reason : new Error(String(reason)))
    }
  }
  const add = async (): Promise<void> => {
    await put(path, { secrets: { [name]: value } })
    setName('')
    setValue('')
  }
  const shown = error ?? problem
  return (
    <section className="card">
      <header>
        <h2>Secrets</h2>
        <span className="facts">names only</span>
      </header>
      <div className="body stack">
        {shown && <Refusal error={shown} />}
        {data?.length === 0 && <p className="muted">None. A job asks for one by name: context.get_secret(&quot;NAME&quot;).</p>}
        {data && data.length > 0 && (
          <ul className="secrets">
            {data.map((secret) => (
              <li key={secret.name}>
                <span className="mono grow elide">{secret.name}</span>
                <span className="muted">
                  set <Age atMs={secret.updatedAtMs} />
                </span>
                <button
                  type="button"
                  className="button plain small"
                  aria-label={`Remove ${secret.name}`}
                  onClick={() => void change(() => post(`${path}/remove`, { names: [secret.name] }))}
                >
                  Remove
                </button>
              </li>
            ))}
          </ul>
        )}
        <form
          className="label-form"
          onSubmit={(event) => {
            event.preventDefault()
            void change(add)
          }}
        >
          <input
            className="field"
            aria-label="Name"
            placeholder="NAME"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <input
            className="field"
            type="password"
            autoComplete="off"
            aria-label="Value"
            placeholder="value"
            required
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
          <button type="submit" className="button small">
            Set
          </button>
        </form>
      </div>
    </section>
  )
}
