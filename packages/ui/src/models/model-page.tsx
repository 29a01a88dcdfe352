import { useQueries, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { runQuery } from '../api/queries.ts'
import { ApiError, readNumber } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { A, useSearch } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { decimalsFor, formatNumber } from '../format/number.ts'
import { inputOfMoment, momentOfInput } from '../format/moment-input.ts'
import { chosenZone } from '../format/preferences.ts'
import { formatMoment, momentTitle, timeZoneName } from '../format/time.ts'
import { lineageQuery, LineageView } from '../lineage/lineage-view.tsx'
import { useGoalMetric } from '../runs/use-goal-metric.ts'
import { Markdown } from '../ui/markdown.tsx'
import { Age } from '../ui/moment.tsx'
import { useFirstAnswers, Waiting } from '../ui/waiting.tsx'
import { eventSentence } from './event-sentence.ts'
import { LoadIt } from './load-it.tsx'
import { PromoteSheet } from './promote-sheet.tsx'
import { atQuery, comparisonQuery, historyQuery, modelQuery, versionsQuery } from './queries.ts'
import type { ModelVersion, RegisteredModel } from './types.ts'
import { baseOf, VersionComparison } from './version-comparison.tsx'

/** May it ship, where is it from, and what was in production when? */
export function ModelPage() {
  const { model: name = '', project = 'default' } = useParams({ strict: false })
  const { data: model, error, refetch } = useQuery(modelQuery(project, name))
  const { data: versions } = useQuery(versionsQuery(project, name))
  if (error)
    return (
      <div className="page-body">
        <div className="empty">
          <h1>{isMissing(error) ? `No model ${name} in ${project}` : name}</h1>
          {!isMissing(error) && <Refusal error={error} retry={() => void refetch()} />}
          <A className="button" href={project === 'default' ? '/models' : inProject(project, '/models')}>
            All models
          </A>
        </div>
      </div>
    )
  if (!model || !versions) return null
  return <Loaded model={model} versions={versions} />
}

const isMissing = (error: Error | null): boolean => error instanceof ApiError && error.status === 404

function Loaded({ model, versions }: { model: RegisteredModel; versions: readonly ModelVersion[] }) {
  const [search, change] = useSearch()
  const [promoting, setPromoting] = useState<{ version: ModelVersion; stage?: string } | null>(null)
  const wanted = Number(search.get('version'))
  const chosen =
    versions.find(({ version }) => version === wanted) ?? versions.find(({ stage }) => stage === 'Production') ?? versions[0]
  const production = versions.filter(({ stage }) => stage === 'Production')
  // What is asked for is meant; else the newest that production is not at yet.
  const candidate =
    chosen?.stage === 'Production' && chosen.version !== wanted
      ? versions.find(({ version, stage }) => stage !== 'Production' && version > chosen.version)
      : chosen
  const moved = candidate ?? chosen
  const base = chosen && baseOf(chosen, versions, Number(search.get('against')))
  const isShaped = useFirstAnswers([
    historyQuery(model.project, model.name),
    ...runIdsOf(versions).map(runQuery),
    ...(chosen ? [lineageQuery(questionOf(chosen))] : []),
    ...(chosen && base ? [comparisonQuery(chosen.project, chosen.name, [base.version, chosen.version])] : []),
  ])
  return (
    <>
      <div className="page-head">
        <h1 className="elide">{model.name}</h1>
        {Object.entries(model.aliases).map(([alias, version]) => (
          <span key={alias} className="chip">
            @{alias} → {version}
          </span>
        ))}
        <span className="facts">
          {production.length > 0
            ? `version ${production.map(({ version }) => version).join(', ')} in production`
            : 'nothing in production'}
        </span>
        <div className="actions">
          {moved && (
            <button
              type="button"
              className={moved.stage === 'Production' ? 'button' : 'button primary'}
              onClick={() => setPromoting({ version: moved })}
            >
              {moved.stage === 'Production' ? 'Move' : 'Promote'} version {moved.version}…
            </button>
          )}
        </div>
      </div>
      <p className="page-line">
        <span>
          <A href={`/p/${encodeURIComponent(model.project)}/models`}>{model.project}</A> · made by {model.createdBy} · updated{' '}
          <Age atMs={model.updatedAtMs} />
          {model.description && ` · ${model.description}`}
        </span>
      </p>
      <div className="page-body">
        {versions.length === 0 && <p className="muted">This model has no version yet.</p>}
        {versions.length > 0 && !isShaped && <Waiting />}
        {versions.length > 0 && isShaped && (
          <div className="columns">
            <div className="stack">
              <Versions
                versions={versions}
                chosen={chosen}
                onChoose={(version) => change({ version: String(version) })}
                onPromote={(version, stage) => setPromoting(stage === undefined ? { version } : { version, stage })}
              />
              {chosen && <VersionComparison chosen={chosen} versions={versions} />}
              {chosen && <From version={chosen} />}
              <History model={model} />
            </div>
            <div className="stack">
              {chosen && <VersionFacts version={chosen} />}
              <InProductionAt model={model} />
              {chosen && <LoadIt version={chosen} />}
            </div>
          </div>
        )}
      </div>
      {promoting && (
        <PromoteSheet version={promoting.version} stage={promoting.stage} others={versions} onClose={() => setPromoting(null)} />
      )}
    </>
  )
}

const runIdsOf = (versions: readonly ModelVersion[]): string[] =>
  [...new Set(versions.flatMap(({ runId }) => runId ?? []))].slice(0, 40)

function useRuns(versions: readonly ModelVersion[]): ReadonlyMap<string, RunRecord> {
  const results = useQueries({ queries: runIdsOf(versions).map(runQuery) })
  return new Map(results.flatMap(({ data }) => (data ? [[data.id, data] as const] : [])))
}

function Versions({
  versions,
  chosen,
  onChoose,
  onPromote,
}: {
  versions: readonly ModelVersion[]
  chosen: ModelVersion | undefined
  onChoose: (version: number) => void
  onPromote: (version: ModelVersion, stage?: string) => void
}) {
  const runs = useRuns(versions)
  const metric = useGoalMetric([...runs.values()])
  const valueOf = ({ runId }: ModelVersion): number | undefined =>
    runId === null || metric === undefined ? undefined : readNumber(runs.get(runId)?.results[metric])
  const decimals = decimalsFor(versions.flatMap((version) => valueOf(version) ?? []))
  const before = versions.find((version) => version.stage === 'Archived')
  return (
    <section className="card">
      <header>
        <h2>Versions</h2>
        <span className="facts">{versions.length}</span>
        {before && versions.some(({ stage }) => stage === 'Production') && (
          <button type="button" className="button small" onClick={() => onPromote(before, 'Production')}>
            Roll back to {before.version}
          </button>
        )}
      </header>
      <div className="scroll">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">Stage</th>
              <th scope="col">Aliases</th>
              {metric && (
                <th scope="col" className="num">
                  {metric}
                </th>
              )}
              <th scope="col">Run</th>
              <th scope="col">By</th>
              <th scope="col" className="num">
                Made
              </th>
            </tr>
          </thead>
          <tbody>
            {versions.map((version) => {
              const value = valueOf(version)
              return (
                <tr key={version.version} className={version === chosen ? 'chosen' : undefined}>
                  <td>
                    <button
                      type="button"
                      className="button plain small strong"
                      aria-pressed={version === chosen}
                      onClick={() => onChoose(version.version)}
                    >
                      {version.version}
                    </button>
                  </td>
                  <td className={version.stage === 'Production' ? 'strong' : version.stage === 'None' ? 'muted' : undefined}>
                    {version.stage === 'None' ? '–' : version.stage}
                  </td>
                  <td>
                    {version.aliases.map((alias) => (
                      <span key={alias} className="chip">
                        @{alias}
                      </span>
                    ))}
                  </td>
                  {metric && <td className="num">{value === undefined ? '–' : formatNumber(value, decimals)}</td>}
                  <td>
                    {version.runId === null ? (
                      '–'
                    ) : (
                      <A href={`/runs/${version.runId}`}>{runs.get(version.runId)?.name ?? version.runId.slice(0, 8)}</A>
                    )}
                  </td>
                  <td>{version.createdBy}</td>
                  <td className="num">
                    <Age atMs={version.createdAtMs} />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const questionOf = ({ project, name, version }: ModelVersion) => ({ project, model: name, version: String(version) })

function From({ version }: { version: ModelVersion }) {
  return (
    <section className="card">
      <header>
        <h2>Lineage of version {version.version}</h2>
        <span className="facts">from what, to what</span>
      </header>
      <div className="body">
        <LineageView of={questionOf(version)} />
      </div>
    </section>
  )
}

function History({ model }: { model: RegisteredModel }) {
  const { data: events } = useQuery(historyQuery(model.project, model.name))
  if (!events) return null
  return (
    <section className="card">
      <header>
        <h2>History</h2>
        <span className="facts">who, when, why</span>
      </header>
      <ol className="body events">
        {events.toReversed().map((event) => (
          <li key={event.id}>
            <time className="muted" title={momentTitle(event.atMs)}>
              {formatMoment(event.atMs)}
            </time>
            <span>
              {eventSentence(event)}
              {event.reason && <q>{event.reason}</q>}
            </span>
            <span className="muted">{event.by}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function VersionFacts({ version }: { version: ModelVersion }) {
  const facts: [string, string][] = [
    ['stage', version.stage],
    ['status', version.statusMessage ? `${version.status}: ${version.statusMessage}` : version.status],
    ['source', version.source],
    ...Object.entries(version.tags),
  ]
  return (
    <section className="card">
      <header>
        <h2>Version {version.version}</h2>
      </header>
      <div className="body">
        {version.description && <Markdown text={version.description} />}
        <dl className="pairs">
          {facts.flatMap(([key, value]) => [<dt key={key}>{key}</dt>, <dd key={`${key} value`}>{value}</dd>])}
        </dl>
        {version.runId !== null && (
          <p>
            From <A href={`/runs/${version.runId}`}>its run</A>: <A href={`/runs/${version.runId}/code`}>code and environment</A>,{' '}
            <A href={`/runs/${version.runId}/artifacts`}>files</A>.
          </p>
        )}
      </div>
    </section>
  )
}

function InProductionAt({ model }: { model: RegisteredModel }) {
  const [search, change] = useSearch()
  const zone = chosenZone()
  const timeMs = Date.parse(search.get('at') ?? '')
  const { data, error } = useQuery({ ...atQuery(model.project, model.name, timeMs), enabled: Number.isFinite(timeMs) })
  const found = data?.versions.filter(({ stage }) => stage === 'Production') ?? []
  return (
    <section className="card">
      <header>
        <h2>What was in production?</h2>
      </header>
      <div className="body stack">
        <input
          type="datetime-local"
          className="field"
          aria-label="At this moment"
          value={Number.isFinite(timeMs) ? inputOfMoment(timeMs, zone) : ''}
          onChange={({ target: { value } }) => {
            const chosenMs = momentOfInput(value, zone)
            change({ at: Number.isFinite(chosenMs) ? new Date(chosenMs).toISOString() : undefined })
          }}
        />
        {isMissing(error) && (
          <p role="status">Nothing was in production then; the model was made on {formatMoment(model.createdAtMs)}.</p>
        )}
        {error && !isMissing(error) && <Refusal error={error} />}
        <p className="muted">Time zone: {timeZoneName()}</p>
        {data && (
          <p role="status">
            {found.length === 0 && 'Nothing was in production then.'}
            {found.map(({ version, stageBy, stageSinceMs, stageReason }) => (
              <span key={version}>
                <strong>Version {version}</strong>, since {formatMoment(stageSinceMs)} by {stageBy}
                {stageReason && `: ${stageReason}`}.{' '}
              </span>
            ))}
            {Object.entries(data.aliases).map(([alias, version]) => (
              <span key={alias} className="chip">
                @{alias} → {version}
              </span>
            ))}
          </p>
        )}
      </div>
    </section>
  )
}
