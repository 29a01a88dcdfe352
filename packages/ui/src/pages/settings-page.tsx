import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../api/client.ts'
import { setSingleKeys, singleKeysAreOn } from '../app/keys.ts'
import { setTheme, type Theme, useTheme } from '../app/theme.ts'
import { A } from '../app/link.tsx'
import { terminalCommand } from '../format/command.ts'
import { chosenDigits, chosenZone, keepPreference } from '../format/preferences.ts'
import { Refusal } from '../app/error-page.tsx'
import { formatBytes, formatCount } from '../format/number.ts'
import { formatDuration, timeZoneName } from '../format/time.ts'
import { Snippet } from '../ui/copy.tsx'
import { Waiting } from '../ui/waiting.tsx'

interface Figures {
  version: string
  uptimeMs: number
  memoryBytes: number
  dataDirectory: string
  databaseBytes: number
  freeBytes: number | null
  runs: Record<string, number>
  trashedRuns: number
  hasToken: boolean
}

const themes: [Theme, string][] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export function SettingsPage() {
  const { data: figures, error } = useQuery({
    queryKey: ['figures'],
    queryFn: ({ signal }) => get<Figures>('/figures', {}, signal),
    refetchInterval: 10_000,
    retry: false,
  })
  return (
    <>
      <div className="page-head">
        <h1>Settings</h1>
      </div>
      <div className="page-body">{!figures && !error ? <Waiting /> : <Cards figures={figures} error={error} />}</div>
    </>
  )
}

function Cards({ figures, error }: { figures: Figures | undefined; error: Error | null }) {
  const theme = useTheme()
  const [areKeysOn, setKeysOn] = useState(singleKeysAreOn())
  const runCount = Object.values(figures?.runs ?? {}).reduce((sum, count) => sum + count, 0)
  return (
    <div className="chart-grid">
      <section className="card">
        <header>
          <h2>Here, in this browser</h2>
        </header>
        <div className="body stack">
          <div className="segmented" role="group" aria-label="Theme">
            {themes.map(([name, label]) => (
              <button key={name} type="button" aria-pressed={theme === name} onClick={() => setTheme(name)}>
                {label}
              </button>
            ))}
          </div>
          <label>
            <input
              type="checkbox"
              checked={areKeysOn}
              onChange={(event) => {
                setSingleKeys(event.target.checked)
                setKeysOn(event.target.checked)
              }}
            />{' '}
            Single keys act (j, k, x, …)
          </label>
          <label>
            Time zone{' '}
            <select className="button" value={chosenZone()} onChange={(event) => keepPreference('zone', event.target.value)}>
              <option value="">As the system</option>
              {Intl.supportedValuesOf('timeZone').map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </select>
          </label>
          <label>
            Numbers{' '}
            <select className="button" value={chosenDigits()} onChange={(event) => keepPreference('digits', event.target.value)}>
              <option value="comma">1,234,567.8</option>
              <option value="space">1 234 567.8</option>
              <option value="none">1234567.8</option>
            </select>
          </label>
          <p className="muted">Times are shown in {timeZoneName()}; exports are in UTC.</p>
        </div>
      </section>
      <section className="card">
        <header>
          <h2>Server</h2>
        </header>
        <div className="body">
          {error && <Refusal error={error} />}
          {figures && (
            <dl className="pairs">
              <dt>version</dt>
              <dd>{figures.version}</dd>
              <dt>up for</dt>
              <dd>{formatDuration(figures.uptimeMs)}</dd>
              <dt>memory</dt>
              <dd>{formatBytes(figures.memoryBytes)}</dd>
              <dt>database</dt>
              <dd>{formatBytes(figures.databaseBytes)}</dd>
              <dt>free on its disk</dt>
              <dd>{figures.freeBytes === null ? '–' : formatBytes(figures.freeBytes)}</dd>
              <dt>data directory</dt>
              <dd className="mono">{figures.dataDirectory}</dd>
              <dt>runs, iterations of sweeps with them</dt>
              <dd>{runCount === 0 ? 'none yet' : formatCount(runCount)}</dd>
              {Object.entries(figures.runs)
                .filter(([, count]) => count > 0)
                .flatMap(([state, count]) => [
                  <dt key={state}>of them {state}</dt>,
                  <dd key={`${state} count`}>{formatCount(count)}</dd>,
                ])}
              <dt>runs in the trash</dt>
              <dd>
                <A href="/trash">{formatCount(figures.trashedRuns)}</A>
              </dd>
            </dl>
          )}
        </div>
      </section>
      <section className="card">
        <header>
          <h2>Who may</h2>
        </header>
        <div className="body stack">
          {figures?.hasToken === true && (
            <>
              <p>
                Whoever has this server&apos;s token may do everything. A browser asks for it once; clients send it as a bearer
                token or as the password of any user name, which is then who did it in histories.
              </p>
              <Snippet label="MLflow: this asks for it" text="read -rs MLFLOW_TRACKING_TOKEN && export MLFLOW_TRACKING_TOKEN" />
            </>
          )}
          {figures?.hasToken === false && (
            <>
              <p>This server asks for no token: whoever reaches it may do everything.</p>
              <Snippet label="One token for all" text={terminalCommand('up --token "$(openssl rand -hex 24)"')} />
            </>
          )}
          <p className="muted">
            There are no users, roles or tokens of persons. A running job has a token of its own that ends with it.
          </p>
        </div>
      </section>
      <section className="card">
        <header>
          <h2>Point clients here</h2>
        </header>
        <div className="body stack">
          <Snippet label="MLflow" text={`export MLFLOW_TRACKING_URI=${location.origin}`} />
          <Snippet label="Everything as an OpenAPI document" text={`${location.origin}/api/trainyard/v1/openapi.json`} />
        </div>
      </section>
    </div>
  )
}
