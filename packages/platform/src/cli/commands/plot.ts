import { AppError, didYouMean, type RunRecord } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { formatNumber } from '../output/format.ts'
import { renderLine } from '../output/plot.ts'
import { visible } from '../output/visible.ts'
import { addExamples } from '../examples.ts'
import { runReference } from '../run-columns.ts'
import { openRecords } from '../open-records.ts'
import type { Session } from '../session.ts'
import { mainResult, renderSweep, sweepPoints } from '../sweep-plot.ts'

interface PlotOptions {
  metric?: string
  x?: string
  height?: string
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[run]', 'a sweep or a run', 'latest')
    .option('-m, --metric <key>', 'which result or metric (default: the first)')
    .option('-x, --x <parameter>', 'of a sweep: against this parameter (default: the iteration number)')
    .action(async (reference: string, options: PlotOptions) => {
      await using session = await openRecords(cli)
      const id = await session.tracking.runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project })
      const run = await session.tracking.runs.get(id)
      const iterations = await session.tracking.runs.children(id)
      if (iterations.length > 0) await plotSweep(cli, run, iterations, options)
      else await plotMetric(cli, session, run, options)
    })
  addExamples(command, cli, [
    ['trainyard plot latest', 'a sweep: results of its iterations, and what each parameter does to them'],
    ['trainyard plot train-iris -m accuracy -x eta', 'accuracy against eta'],
    ['trainyard plot train-iris/12 -m loss', 'the curve of one metric'],
  ])
}

async function plotSweep(cli: Cli, sweep: RunRecord, iterations: readonly RunRecord[], options: PlotOptions): Promise<void> {
  const key = options.metric ?? mainResult(sweep, iterations)
  if (key === undefined)
    throw new AppError('failed_precondition', `No iteration of ${runReference(sweep)} has logged a number yet.`)
  const points = sweepPoints(iterations, { key, parameter: options.x })
  if (cli.globals.json) return cli.printJson({ run: sweep.id, metric: key, x: options.x ?? null, points })
  await cli.print(
    renderSweep(sweep, iterations, {
      key,
      parameter: options.x,
      width: cli.width ?? 80,
      unicode: cli.config.unicode,
      style: cli.style,
    }).join('\n'),
  )
}

async function plotMetric(cli: Cli, { tracking }: Session, run: RunRecord, options: PlotOptions): Promise<void> {
  const series = await tracking.metrics.series(run.id)
  const longest = series.reduce<(typeof series)[number] | undefined>(
    (best, next) => (best === undefined || next.pointCount > best.pointCount ? next : best),
    undefined,
  )
  const key = options.metric ?? longest?.key
  if (key === undefined) throw new AppError('failed_precondition', `${runReference(run)} has logged no metric.`)
  const info = series.find((entry) => entry.key === key)
  if (info === undefined) {
    const keys = series.map((entry) => entry.key)
    throw new AppError(
      'not_found',
      `${runReference(run)} has no metric '${key}'${didYouMean(key, keys)}; it has ${keys.join(', ') || 'none'}.`,
    )
  }
  const width = Math.min(cli.width ?? 80, 120)
  const points = await tracking.metrics.sampled(run.id, key, { maxPoints: width * 2 })
  if (cli.globals.json) return cli.printJson({ run: run.id, metric: key, pointCount: info.pointCount, points })
  const title = `${visible(key)} of ${visible(run.name)} (${runReference(run)}): last ${formatNumber(info.last.value)} at step ${info.last.step}`
  const curve = points.map(({ step, value }) => ({ x: step, y: value }))
  await cli.print(
    renderLine(curve, { width, height: 15, unicode: cli.config.unicode, style: cli.style, title, xLabel: 'step' }).join('\n'),
  )
}
