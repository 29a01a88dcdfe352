import { type RefObject, useState } from 'react'
import type uPlot from 'uplot'
import { save } from '../runs/export-rows.ts'
import { Popover } from '../ui/popover.tsx'
import { csvOfSeries } from './chart-csv.ts'
import { pngOf, type Picture, svgOf } from './chart-picture.ts'
import type { Line } from './chart-data.ts'
import { type ChangeView, type ChartView, printNames } from './chart-view.ts'
import type { DrawnRun } from './drawn-lines.ts'

/** Takes a chart along as a picture or as numbers, and says where it stands among the others. */
export function ChartMenu({
  name,
  metrics,
  runs,
  view,
  change,
  chart,
  drawing,
  hasPicture,
}: {
  name: string
  metrics: readonly string[]
  runs: readonly DrawnRun[]
  view: ChartView
  change: ChangeView
  chart: RefObject<uPlot | null>
  drawing: { lines: readonly Line[]; dense?: readonly Line[] } | undefined
  /** Bars of single values are none. */
  hasPicture: boolean
}) {
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const isPinned = view.pinned.includes(name)
  const file = name.replaceAll(/[^\w.-]+/g, '_')
  const picture = (): Picture => ({ title: name, chart: chart.current!, x: view.x, ...drawing! })
  const pictures: [string, () => Promise<void> | void][] = [
    ['Save as PNG', async () => save(await pngOf(picture()), `${file}.png`)],
    ['Save as SVG', () => save(new Blob([svgOf(picture())], { type: 'image/svg+xml' }), `${file}.svg`)],
  ]
  const entries = (close: () => void): [string, () => Promise<void> | void][] => [
    ...(hasPicture ? pictures : []),
    ['Save the points as CSV', async () => save(await csvOfSeries({ runs, metrics, view }), `${file}.csv`)],
    [
      isPinned ? 'Unpin' : 'Pin to the front',
      () => change({ pin: printNames(isPinned ? view.pinned.filter((each) => each !== name) : [...view.pinned, name]) }),
    ],
    [
      'Hide',
      () => {
        close()
        change({ hide: printNames([...view.hidden, name]) })
      },
    ],
  ]
  return (
    <Popover className="button plain small" label={<span aria-label={`More of ${name}`}>⋯</span>}>
      {(close) => (
        <ul className="action-list">
          {entries(close).map(([label, act]) => (
            <li key={label}>
              <button
                type="button"
                className="button plain"
                disabled={!drawing}
                onClick={() => {
                  Promise.resolve(act()).then(close, (error: unknown) =>
                    setProblem(error instanceof Error ? error.message : String(error)),
                  )
                }}
              >
                {label}
              </button>
            </li>
          ))}
          {problem && <li className="failed-text">{problem}</li>}
        </ul>
      )}
    </Popover>
  )
}
