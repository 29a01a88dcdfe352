import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
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
  }
  const model = best === undefined ? undefined : (await tracking.artifacts.ofRun(best.id)).find(isModel)
  if (model !== undefined) lines.push(`${style.bold('Model')} ${visible(model.target)}`)
  lines.push('', style.bold('Next'), ...nextSteps(cli, { sweep, iterations, best, model }))
  await cli.print(lines.join('\n'))
}

const isModel = (artifact: ArtifactRecord): boolean => artifact.kind === 'model' || artifact.key === 'model'

interface Outcome {
  sweep: RunRecord
  iterations: readonly RunRecord[]
  best: RunRecord | undefined
  model: ArtifactRecord | undefined
}

/** Commands worth typing now; only such as have something to show. */
function nextSteps(cli: Cli, { sweep, iterations, best, model }: Outcome): string[] {
  const id = shortId(sweep.id)
  const steps: [command: string, explanation: string][] = [[`show ${id}`, 'every iteration, environment, code']]
  const other = iterations.find((run) => run.state === 'completed' && run.iteration !== best?.iteration)
  if (best !== undefined && other !== undefined) {
    steps.push([`compare ${id}/${best.iteration} ${id}/${other.iteration}`, 'what made the difference'])
  }
  if (best !== undefined && model !== undefined)
    steps.push([`artifacts get ${id}/${best.iteration}/${model.key} .`, 'take the model'])
  if (sweep.state === 'aborted') steps.unshift([`resume ${id}`, 'finish the missing iterations'])
  if (sweep.state === 'failed' && best === undefined) steps.push([`logs ${id}/1`, 'what the first iteration printed'])
  const width = Math.max(...steps.map(([command]) => command.length))
  return steps.map(
    ([command, explanation]) => `  ${cli.config.programName} ${command.padEnd(width)}   ${cli.style.dim(explanation)}`,
  )
}
