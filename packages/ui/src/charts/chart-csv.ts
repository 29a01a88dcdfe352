import { get, readNumber } from '../api/client.ts'
import { csvCell } from '../runs/export-rows.ts'
import type { ChartView } from './chart-view.ts'
import type { DrawnRun } from './drawn-lines.ts'

/** So many series are asked for at the same time. */
const atOnce = 4

/** Every point as it was logged, not as it is drawn; of a zoom by steps those inside of it. */
export async function csvOfSeries({
  runs,
  metrics,
  view,
}: {
  runs: readonly DrawnRun[]
  metrics: readonly string[]
  view: Pick<ChartView, 'x' | 'zoom'>
}): Promise<Blob> {
  const isGrouped = runs.some(({ group }) => group !== undefined)
  const steps = view.x === 'step' && view.zoom ? { fromStep: Math.floor(view.zoom.from), toStep: Math.ceil(view.zoom.to) } : {}
  const wanted = runs.flatMap((run) => metrics.map((key) => ({ run, key })))
  const parts: string[] = [`run,name,${isGrouped ? 'group,' : ''}metric,step,time,value\r\n`]
  for (let at = 0; at < wanted.length; at += atOnce) {
    const texts = wanted.slice(at, at + atOnce).map(async ({ run, key }) => {
      const { points } = await get<{ points: { step: number; timeMs: number; value: number | string }[] }>(
        `/runs/${run.id}/points`,
        { key, ...steps },
      )
      const head = [run.id, run.name, ...(isGrouped ? [run.group ?? ''] : []), key].map(csvCell).join(',')
      return points
        .map(
          ({ step, timeMs, value }) =>
            `${head},${step},${new Date(timeMs).toISOString()},${String(readNumber(value) ?? value)}\r\n`,
        )
        .join('')
    })
    parts.push(...(await Promise.all(texts)))
  }
  return new Blob(parts, { type: 'text/csv;charset=utf-8' })
}
