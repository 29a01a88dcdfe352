import type { JsonValue } from '@trainyard/contract'
import { formatDuration } from '../format/time.ts'
import { formatValue } from '../format/number.ts'
import { A } from '../app/link.tsx'
import type { Span } from '@trainyard/contract/native-api'

const inputs = 'mlflow.spanInputs'
const outputs = 'mlflow.spanOutputs'
const isOwn = (key: string): boolean => [inputs, outputs, 'mlflow.spanType', 'mlflow.traceRequestId'].includes(key)

/** What one span says: why it failed first, then what went in and came out. */
export function SpanDetail({ span }: { span: Span }) {
  const rest = Object.entries(span.attributes).filter(([key]) => !isOwn(key))
  return (
    <section className="card" aria-label={`Span ${span.name}`}>
      <header>
        <h2 className="elide">{span.name}</h2>
        <span className="facts">
          {span.type !== null && `${span.type.toLowerCase()} · `}
          from {formatDuration(span.startMs)} · {span.endMs === null ? 'goes on' : formatDuration(span.endMs - span.startMs)}
        </span>
      </header>
      <div className="body stack">
        {span.status.code === 'ERROR' && (
          <div className="note failure" role="alert">
            <strong>Failed</strong>
            {span.status.message !== '' && `: ${span.status.message}`}
          </div>
        )}
        {span.attributes[inputs] !== undefined && <Value title="Inputs" value={span.attributes[inputs]} />}
        {span.attributes[outputs] !== undefined && <Value title="Outputs" value={span.attributes[outputs]} />}
        {span.events.map((event, at) => (
          <Event key={at} event={event} />
        ))}
        {rest.length > 0 && (
          <div>
            <h3>Attributes</h3>
            <dl className="pairs">
              {rest.flatMap(([key, value]) => [
                <dt key={key}>{key}</dt>,
                <dd key={`${key} value`} className="mono">
                  {formatValue(value)}
                </dd>,
              ])}
            </dl>
          </div>
        )}
        {span.links.length > 0 && (
          <div>
            <h3>Links</h3>
            <ul>
              {span.links.map(({ traceId, spanId }) => (
                <li key={`${traceId} ${spanId}`}>
                  <A className="mono" href={`/traces/tr-${traceId}?span=${spanId}`}>
                    {traceId.slice(0, 8)} {spanId.slice(0, 8)}
                  </A>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  )
}

function Value({ title, value }: { title: string; value: JsonValue }) {
  return (
    <div>
      <h3>{title}</h3>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard. */}
      <pre className="snippet span-value" tabIndex={0}>
        {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
      </pre>
    </div>
  )
}

function Event({ event: { name, atMs, attributes } }: { event: Span['events'][number] }) {
  const { 'exception.type': type, 'exception.message': message, 'exception.stacktrace': stack, ...rest } = attributes
  return (
    <details open={name === 'exception'}>
      <summary>
        {type === undefined ? name : `${formatValue(type)}: ${formatValue(message)}`}{' '}
        <span className="muted">after {formatDuration(atMs)}</span>
      </summary>
      {stack !== undefined && (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
        <pre className="snippet span-value" tabIndex={0}>
          {formatValue(stack)}
        </pre>
      )}
      {Object.keys(rest).length > 0 && (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
        <pre className="snippet span-value" tabIndex={0}>
          {JSON.stringify(rest, null, 2)}
        </pre>
      )}
    </details>
  )
}
