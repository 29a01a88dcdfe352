import { formatValue } from '../format/number.ts'
import { Age } from '../ui/moment.tsx'
import type { Assessment } from '@trainyard/contract/native-api'

/** What people, programs and judges say of it. One that another stands instead of is struck out. */
export function Assessments({ assessments, onSpan }: { assessments: readonly Assessment[]; onSpan: (spanId: string) => void }) {
  if (assessments.length === 0) return null
  return (
    <section className="card">
      <header>
        <h2>Assessments</h2>
        <span className="facts">{assessments.length}</span>
      </header>
      <ul className="body stack">
        {assessments.map(({ id, name, kind, value, error, rationale, source, spanId, isValid, createdAtMs }) => (
          <li key={id}>
            <div>
              {isValid ? <strong>{name}</strong> : <s>{name}</s>}: {error === null ? formatValue(value) : formatValue(error)}{' '}
              {kind !== 'feedback' && <span className="chip">{kind}</span>}
            </div>
            {rationale !== null && <p className="note-text">{rationale}</p>}
            <p className="muted">
              {source.id} ({source.type.toLowerCase()}), <Age atMs={createdAtMs} />
              {spanId !== null && (
                <button type="button" className="button plain small" onClick={() => onSpan(spanId)}>
                  its span
                </button>
              )}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}
