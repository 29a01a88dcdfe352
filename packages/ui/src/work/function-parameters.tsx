import type { EntryParameter, FunctionSpec } from '@trainyard/contract/function'
import { Fragment } from 'react'
import { type Column, ScrollBox, Table } from '../ui/table.tsx'
import { defaultText, parametersOf } from './function-fields.tsx'

/** What each handler takes, as its code says: types, defaults, and what they are for. */
export function Parameters({ spec }: { spec: FunctionSpec }) {
  const handlers = Object.values(spec.entryPoints ?? {}).toSorted(
    (one, other) => Number(other.name === spec.handler) - Number(one.name === spec.handler),
  )
  if (handlers.length === 0) return null
  const columns: readonly Column<EntryParameter>[] = [
    { title: 'Parameter', className: 'mono strong', cell: ({ name }) => name },
    { title: 'Type', className: 'mono muted', cell: ({ type }) => type ?? '–' },
    {
      title: 'Default',
      className: 'mono',
      cell: (parameter) => defaultText(spec, parameter) ?? <span className="chip">needed</span>,
    },
    { title: 'What it is', className: 'words', cell: ({ doc }) => doc },
  ]
  return (
    <section className="card">
      <header>
        <h2>Parameters</h2>
      </header>
      <div className="body stack">
        {handlers.map(({ name, doc }) => {
          const parameters = parametersOf(spec, name)
          return (
            <Fragment key={name}>
              {(handlers.length > 1 || doc) && (
                <p>
                  {handlers.length > 1 && (
                    <strong className="mono">
                      {name}
                      {doc ? ': ' : ''}
                    </strong>
                  )}
                  {doc}
                </p>
              )}
              {parameters.length === 0 ? (
                <p className="muted">It asks for no parameters.</p>
              ) : (
                <ScrollBox label={`Parameters of ${name}`}>
                  <Table columns={columns} rows={parameters} />
                </ScrollBox>
              )}
            </Fragment>
          )
        })}
      </div>
    </section>
  )
}
