import { AppError, bestRunIds, withBestParameters } from '@trainyard/contract'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { compareRuns, withGround } from '../../tracking/index.ts'
import { renderComparison, renderMetric } from '../comparison-page.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'

export function define(command: Command, cli: Cli): void {
  command
    .argument('<runs...>', 'two or more runs: ids or their starts, names, latest, <sweep>/<number>')
    .option('--all', 'what is the same, too')
    .option('-m, --metric <key>', 'draw this metric of every run; may be repeated', collect)
    .action(async (references: string[], options: { all?: boolean; metric?: string[] }) => {
      if (references.length < 2) throw new AppError('invalid_argument', 'compare needs at least two runs.')
      await using session = await openRecords(cli)
      const scope = cli.project === undefined ? {} : { project: cli.project }
      const ids = await Promise.all(references.map((reference) => session.tracking.runs.resolve(reference, scope)))
      const { runs: records } = session.tracking
      const given = await Promise.all(ids.map(async (id) => withGround(records, await records.get(id))))
      const best = await Promise.all(bestRunIds(given).map((id) => records.find(id)))
      const runs = withBestParameters(
        given,
        best.filter((run) => run !== undefined),
      )
      const comparison = compareRuns(runs)
      if (cli.globals.json) return cli.printJson(comparison)

      const look = {
        nowMs: cli.nowMs(),
        style: cli.style,
        unicode: cli.config.unicode,
        width: cli.width,
        all: options.all === true,
      }
      const lines = renderComparison(runs, comparison, look)
      for (const key of options.metric ?? []) lines.push('', ...(await renderMetric(session.tracking, runs, key, look)))
      await cli.print(lines.join('\n'))
    })
  addExamples(command, cli, [
    ['trainyard compare train/3 train/7', 'two iterations of a sweep'],
    ['trainyard compare latest 0193af --metric loss', 'with the curves of a metric'],
    ['trainyard ls -q -n 3 | xargs trainyard compare', 'the three newest runs'],
  ])
}

const collect = (key: string, keys: string[] | undefined): string[] => [...(keys ?? []), key]
