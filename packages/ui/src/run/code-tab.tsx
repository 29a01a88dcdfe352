import { useQuery } from '@tanstack/react-query'
import { runQuery } from '../api/queries.ts'
import type { RunAlone } from '../api/types.ts'
import { A } from '../app/link.tsx'
import { terminalCommand } from '../format/command.ts'
import { formatBytes, formatValue } from '../format/number.ts'
import { Snippet } from '../ui/copy.tsx'
import { canRerun } from './again.ts'

/** Exactly what ran, and how to run it again. */
export function CodeTab({ run }: { run: RunAlone }) {
  const code = run.code ?? run.shared?.code
  const environment = run.environment ?? run.shared?.environment
  const ofSweep = (own: object | null) => (own === null ? run.shared?.run : undefined)
  const { data: sweep } = useQuery({
    ...runQuery(run.parentId ?? ''),
    enabled: run.kind === 'iteration' && run.parentId !== null,
  })
  const isRepeatable = canRerun(run, sweep)
  const words = code?.commandLine ?? []
  const facts: [string, string | null | undefined][] = [
    ['file', code?.file],
    ['handler', code?.handler],
    ['working folder', code?.workingDirectory],
    ['commit', code?.git && `${code.git.commit}${code.git.dirty ? ' with changes that are not committed' : ''}`],
    ['branch', code?.git?.branch],
    ['remote', code?.git?.remote],
    ['script, SHA-256', code?.scriptSha256],
    ['attempt', String(run.attempt)],
    ['output folder', run.outPath],
  ]
  const machine: [string, string | null | undefined][] = [
    ['host', environment?.host],
    ['system', environment?.operatingSystem],
    ['processor', environment && `${environment.cpuModel} × ${environment.cpuCount}`],
    ['memory', environment ? formatBytes(environment.memoryBytes) : undefined],
    [
      'graphics',
      environment?.gpus && environment.gpus.length > 0
        ? environment.gpus.map((gpu) => formatValue(gpu['name'] ?? 'GPU')).join(', ')
        : undefined,
    ],
    ...Object.entries(environment?.interpreter ?? {})
      .filter(([, value]) => typeof value === 'string')
      .map(([key, value]): [string, string] => [`interpreter ${key}`, formatValue(value)]),
    ...Object.entries(environment?.choices ?? {}).map(([key, value]): [string, string] => [key, value]),
  ]
  return (
    <div className="stack">
      {(isRepeatable || words.length > 0) && (
        <section className="card">
          <header>
            <h2>{isRepeatable ? 'Run it again' : 'How it ran'}</h2>
          </header>
          <div className="body stack">
            {isRepeatable && (
              <Snippet
                label="The record with its parameters, code and environment"
                text={terminalCommand(`rerun ${run.id.slice(0, 12)}`)}
              />
            )}
            {words.length > 0 && (
              <Snippet
                label="What was started"
                text={words
                  .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
                  .join(' ')}
              />
            )}
          </div>
        </section>
      )}
      <div className="chart-grid">
        <Facts title="Code" as={ofSweep(run.code)} facts={facts} />
        {environment && <Facts title="Environment" as={ofSweep(run.environment)} facts={machine} />}
      </div>
      {environment?.packages && environment.packages.length > 0 && (
        <section className="card">
          <header>
            <h2>Packages</h2>
            <span className="facts">{environment.packages.length}</span>
          </header>
          <div className="body">
            <pre className="snippet preview-text" tabIndex={0}>
              {environment.packages.join('\n')}
            </pre>
          </div>
        </section>
      )}
    </div>
  )
}

interface FactsProps {
  title: string
  /** The sweep that keeps them for all its iterations. */
  as: { id: string; name: string } | undefined
  facts: readonly [string, string | null | undefined][]
}

function Facts({ title, as, facts }: FactsProps) {
  return (
    <section className="card">
      <header>
        <h2>{title}</h2>
        {as && (
          <span className="facts">
            as in <A href={`/runs/${as.id}/code`}>{as.name}</A>
          </span>
        )}
      </header>
      <dl className="body pairs">
        {facts
          .filter(([, value]) => value !== undefined && value !== null && value !== '')
          .flatMap(([key, value]) => [
            <dt key={key}>{key}</dt>,
            <dd key={`${key} value`} className="mono">
              {value}
            </dd>,
          ])}
      </dl>
    </section>
  )
}
