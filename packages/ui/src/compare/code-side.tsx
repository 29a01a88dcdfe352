import { useQueries } from '@tanstack/react-query'
import { diffLines } from '@trainyard/contract'
import { get } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import type { DrawnRun } from '../charts/drawn-lines.ts'
import { Code } from '../ui/code.tsx'
import { LineChanges } from '../ui/line-changes.tsx'
import { mostBeside, SideBySide } from './side-by-side.tsx'

interface CodeText {
  script: string | null
  changes: string | null
}

/** What ran and on what: the code, its changes that were not committed and the packages, against the first run. */
export function CodeSide({ runs, drawn }: { runs: readonly RunRecord[]; drawn: readonly DrawnRun[] }) {
  const answers = useQueries({
    queries: runs.slice(0, mostBeside).map(({ id }) => ({
      queryKey: ['code', id],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<CodeText>(`/runs/${id}/code`, {}, signal),
      staleTime: Infinity,
    })),
  })
  const refused = answers.find(({ error }) => error)?.error
  if (refused) return <Refusal error={refused} />
  if (answers.some(({ data }) => data === undefined)) return null
  return (
    <SideBySide runs={runs} drawn={drawn}>
      {(run, at) => (
        <OwnCode run={run} text={answers[at]!.data!} base={at === 0 ? undefined : { run: runs[0]!, text: answers[0]!.data! }} />
      )}
    </SideBySide>
  )
}

function OwnCode({ run, text, base }: { run: RunRecord; text: CodeText; base: { run: RunRecord; text: CodeText } | undefined }) {
  const file = run.code?.file?.split('/').at(-1) ?? 'script'
  const packages = (run.environment?.packages ?? []).join('\n')
  const part = (title: string, own: string | null, first: string | null | undefined, missing: string) => (
    <div className="stack tight">
      <h3>{title}</h3>
      {own === null || own === '' ? (
        <p className="muted">{missing}</p>
      ) : base === undefined || first === null || first === undefined ? (
        <Code text={own} file={file} />
      ) : first === own ? (
        <p className="muted">As in the first.</p>
      ) : (
        <LineChanges changes={diffLines(first, own)} />
      )}
    </div>
  )
  return (
    <div className="stack">
      <p className="muted">
        {run.code?.git ? (
          <>
            <span className="mono">{run.code.git.commit.slice(0, 10)}</span>
            {run.code.git.branch && ` on ${run.code.git.branch}`}
            {run.code.git.dirty && ', with changes'}
          </>
        ) : (
          'No commit.'
        )}
      </p>
      {part(file, text.script, base?.text.script, 'Its text was not kept.')}
      {(text.changes !== null || base?.text.changes) &&
        part('Changes that were not committed', text.changes, base?.text.changes, 'None.')}
      {part('Packages', packages, base && (base.run.environment?.packages ?? []).join('\n'), 'Not recorded.')}
    </div>
  )
}
