import type { RunRecord } from '../api/types.ts'
import { A } from '../app/link.tsx'
import type { Section } from './differences.ts'

export function DifferenceTable({
  runs,
  colours,
  sections,
  showEqual,
}: {
  runs: readonly RunRecord[]
  colours: readonly string[]
  sections: readonly Section[]
  showEqual: boolean
}) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
    <div className="card scroll" tabIndex={0} role="region" aria-label="Differences">
      <table className="plain-table differences">
        <thead>
          <tr>
            <th scope="col">{showEqual ? 'Everything' : 'What differs'}</th>
            {runs.map((run, at) => (
              <th key={run.id} scope="col" className="num">
                <span className="dot" style={{ background: colours[at] }} /> <A href={`/runs/${run.id}`}>{run.name}</A>
              </th>
            ))}
          </tr>
        </thead>
        {sections.map(({ title, rows }) => {
          const shown = rows.filter((row) => showEqual || !row.isEqual)
          if (shown.length === 0) return null
          return (
            <tbody key={title}>
              <tr className="section">
                <th scope="rowgroup" colSpan={runs.length + 1}>
                  {title}
                </th>
              </tr>
              {shown.map((row) => (
                <tr key={row.name}>
                  <th scope="row">
                    {row.name} <span className="muted">{row.mark}</span>
                  </th>
                  {row.cells.map((cell, at) => (
                    <td key={runs[at]!.id} className={`num${cell.differs ? ' differs' : ''}`}>
                      <span className={cell.isOdd ? 'failed-text' : undefined}>{cell.text}</span>
                      {cell.difference && (
                        <span
                          className={cell.difference.isGood === undefined ? 'muted' : cell.difference.isGood ? 'good' : 'bad'}
                        >
                          {' '}
                          {cell.difference.text}
                        </span>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          )
        })}
      </table>
    </div>
  )
}
