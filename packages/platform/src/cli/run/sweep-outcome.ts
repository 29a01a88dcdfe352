import type { RunRecord } from '@trainyard/contract'
import type { Cli } from '../cli.ts'
import { formatValue, shortId } from '../output/format.ts'
import { visible } from '../output/visible.ts'
import type { Session } from '../session.ts'
import { mainResult, renderSweep } from '../sweep-plot.ts'
import { varyingKeys } from '../sweep-table.ts'
import { reportOutcome } from './outcome.ts'

/** What a person wants to know after a sweep: the best iteration, how the others did, where the model lies, what to type next. */
export async function reportSweep(cli: Cli, session: Session, sweep: RunRecord): Promise<void> {
  await reportOutcome(cli, session, sweep)
  if (cli.globals.json || cli.globals.quiet) return
  const { tracking } = session
  const iterations = await tracking.runs.children(sweep.id)
  const best = iterations.find((run) => run.id === sweep.sweep?.bestRunId)
  const key = mainResult(sweep, iterations)
  const { style } = cli
  const lines: string[] = []
  if (key !== undefined && iterations.length > 1) {
    lines.push('', ...renderSweep(sweep, iterations, { key, width: cli.width ?? 80, unicode: cli.config.unicode, style }))
  }
  if (best !== undefined) {
    const varied = varyingKeys(iterations)
    lines.push(
      '',
      `${style.bold('Best')}  iteration ${best.iteration}${key === undefined ? '' : `: ${visible(key)} ${style.boldGreen(formatValue(best.results[key]))}`}`,
    )
    lines.push(`      ${varied.map((name) => `${visible(name)}=${formatValue(best.parameters[name])}`).join('  ')}`)
    for (const artifact of await tracking.artifacts.ofRun(best.id)) {
      if (artifact.kind === 'model' || artifact.key === 'model') lines.push(`${style.bold('Model')} ${visible(artifact.target)}`)
    }
  }
  const id = shortId(sweep.id)
  const bestNumber = best?.iteration ?? 1
  const other = iterations.find((run) => run.state === 'completed' && run.iteration !== bestNumber)
  lines.push('', style.bold('Next'), `  trainyard show ${id}                  every iteration, environment, code`)
  lines.push(`  trainyard compare ${id}/${bestNumber} ${id}/${other?.iteration ?? bestNumber}    what made the difference`)
  lines.push(`  trainyard artifacts get ${id}/${bestNumber}/model .   take the model`)
  await cli.print(lines.join('\n'))
}
