import { useQueries } from '@tanstack/react-query'
import { diffLines } from '@trainyard/contract'
import { get } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { useSearch } from '../app/link.tsx'
import type { DrawnRun } from '../charts/drawn-lines.ts'
import { formatBytes } from '../format/number.ts'
import { parseAnsi } from '../run/ansi.ts'
import { LineChanges } from '../ui/line-changes.tsx'
import { mostBeside, SideBySide } from './side-by-side.tsx'

/** The beginning of a log; the whole of it is on the page of its run. */
const mostBytes = 262_144

/** What the runs printed, beside each other, or as what differs from the first. */
export function LogsSide({ runs, drawn }: { runs: readonly RunRecord[]; drawn: readonly DrawnRun[] }) {
  const [search, change] = useSearch()
  const isDifference = search.get('logs') === 'differences'
  const answers = useQueries({
    queries: runs.slice(0, mostBeside).map(({ id }) => ({
      queryKey: ['output', id, mostBytes],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const { text, sizeBytes } = await get<{ text: string; sizeBytes: number }>(
          `/runs/${id}/output`,
          { limitBytes: mostBytes },
          signal,
        )
        return { text: plainText(text), sizeBytes }
      },
    })),
  })
  const refused = answers.find(({ error }) => error)?.error
  if (refused) return <Refusal error={refused} />
  if (answers.some(({ data }) => data === undefined)) return null
  return (
    <div className="stack">
      <div className="segmented" role="group" aria-label="What is shown of the logs">
        {(['whole', 'differences'] as const).map((kind) => (
          <button
            key={kind}
            type="button"
            aria-pressed={isDifference === (kind === 'differences')}
            onClick={() => change({ logs: kind === 'whole' ? undefined : kind })}
          >
            {kind === 'whole' ? 'Side by side' : 'Differences to the first'}
          </button>
        ))}
      </div>
      <SideBySide runs={runs} drawn={drawn}>
        {(run, at) => {
          const { text, sizeBytes } = answers[at]!.data!
          return (
            <div className="stack">
              {sizeBytes > mostBytes && (
                <p className="muted">
                  The first {formatBytes(mostBytes)} of {formatBytes(sizeBytes)}.
                </p>
              )}
              {text === '' ? (
                <p className="muted">It printed nothing.</p>
              ) : isDifference && at > 0 ? (
                <Differences before={answers[0]!.data!.text} after={text} />
              ) : (
                <pre className="snippet side-log" tabIndex={0} aria-label={`Log of ${run.name}`}>
                  {text}
                </pre>
              )}
            </div>
          )
        }}
      </SideBySide>
    </div>
  )
}

/** Without the colours of a terminal. */
const plainText = (text: string): string =>
  text
    .split('\n')
    .map((line) =>
      parseAnsi(line)
        .map((part) => part.text)
        .join(''),
    )
    .join('\n')

function Differences({ before, after }: { before: string; after: string }) {
  return before === after ? <p className="muted">Word for word the first.</p> : <LineChanges changes={diffLines(before, after)} />
}
