import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exit-codes.ts'
import { formatDuration, formatValue, shortId } from '../output/format.ts'
import { stateStyle, stateText } from '../output/state.ts'
import { visible } from '../output/visible.ts'
import type { Session } from '../session.ts'

/** Mistakes in the request, found only when the script was looked at: the same exit code as those found before. */
const badInput = new Set([
  'missing_handler',
  'missing_script',
  'invalid_parameter',
  'syntax_error',
  'not_python',
  'python_too_old',
  'start',
])

export function exitCodeOfRun(run: RunRecord): number {
  if (run.state === 'aborted') return exitCodes.aborted
  if (run.state === 'failed') return badInput.has(run.error?.type ?? '') ? exitCodes.badInput : exitCodes.runFailed
  return run.problems.length > 0 ? exitCodes.problems : exitCodes.ok
}

export interface RunWithArtifacts extends RunRecord {
  artifacts: ArtifactRecord[]
}

/** Tells how a run ended: one JSON document with `--json`, the id alone with `--quiet`, else a line for people on stderr. */
export async function reportOutcome(cli: Cli, session: Session, run: RunRecord): Promise<void> {
  cli.exitCode = exitCodeOfRun(run)
  if (cli.globals.json) {
    const told: RunWithArtifacts = { ...run, artifacts: await session.tracking.artifacts.ofRun(run.id) }
    await cli.printJson(told)
    return
  }
  if (run.state === 'failed') cli.stderr.write(`${cli.errorStyle.boldRed('error:')} ${visible(sentenceOf(run))}\n`)
  for (const problem of run.problems.slice(0, 20)) cli.warn(`not recorded: ${visible(problem)}`)
  if (cli.globals.quiet) return cli.print(run.id)
  const { errorStyle, config } = cli
  const state = stateStyle(run.state, errorStyle)(stateText(run.state, config.unicode))
  const took = run.startedAtMs === null || run.endedAtMs === null ? '' : ` in ${formatDuration(run.endedAtMs - run.startedAtMs)}`
  const results = Object.entries(run.results)
    .filter(([key]) => !key.startsWith('system/'))
    .slice(0, 6)
    .map(([key, value]) => `${visible(key)} ${errorStyle.green(formatValue(value))}`)
  cli.note([`${state} ${errorStyle.bold(visible(run.name))} ${shortId(run.id)}${took}`, ...results].join('  '))
  cli.note(errorStyle.dim(`${config.programName} show ${shortId(run.id)}`))
}

export function sentenceOf(run: RunRecord): string {
  const told = run.error?.type === 'missing_handler' || badInput.has(run.error?.type ?? '') ? run.error?.message : run.stateReason
  return told ?? 'the run failed'
}
