import { formatValue } from '../format/number.ts'

/** What a model takes and gives, and what made it, as it was noted when it was logged. */
export function ModelFacts({ metadata }: { metadata: Readonly<Record<string, unknown>> }) {
  const inputs = columnsOf(metadata['inputs'])
  const outputs = columnsOf(metadata['outputs'])
  const facts = ['framework', 'algorithm'].flatMap((name) =>
    typeof metadata[name] === 'string' ? [[name, metadata[name]] as const] : [],
  )
  if (inputs.length + outputs.length + facts.length === 0) return null
  return (
    <div className="signature">
      {facts.length > 0 && <p className="muted">{facts.map(([name, value]) => `${name} ${value}`).join(' · ')}</p>}
      {inputs.length > 0 && <Columns title="Takes" columns={inputs} />}
      {outputs.length > 0 && <Columns title="Gives" columns={outputs} />}
    </div>
  )
}

interface Column {
  name: string
  type: string
}

function columnsOf(value: unknown): Column[] {
  if (!Array.isArray(value)) return []
  return value.map((each: unknown, at) => {
    const { name, type } = (typeof each === 'object' && each !== null ? each : {}) as { name?: unknown; type?: unknown }
    return { name: typeof name === 'string' ? name : String(at), type: formatValue(type ?? each) }
  })
}

function Columns({ title, columns }: { title: string; columns: readonly Column[] }) {
  return (
    <section>
      <h3>
        {title} <span className="muted">{columns.length}</span>
      </h3>
      <dl className="pairs">
        {columns.flatMap(({ name, type }, at) => [
          <dt key={at}>{name}</dt>,
          <dd key={`${at} type`} className="mono">
            {type}
          </dd>,
        ])}
      </dl>
    </section>
  )
}
