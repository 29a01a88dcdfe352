import { endedIterations, type RunRecord, type SweepSpec } from '@trainyard/contract'
import type { PreparedRun } from '../../execution/index.ts'
import { coresAtHand, planSweep, type Resumption, startSweep, type SweepTotals } from '../../tuning/index.ts'
import type { Cli } from '../cli.ts'
import { formatNumber } from '../output/format.ts'
import { createProgress } from '../output/progress.ts'
import { visible } from '../output/visible.ts'
import type { Session } from '../session.ts'
import type { Interrupts } from './interrupts.ts'
import { openToldExecution } from './job-execution.ts'

export interface SweepRunOptions {
  sweep: SweepSpec
  interrupts: Interrupts
  resume?: Resumption
  attach?: { control: number; events: number }
  /** Show what iterations print, each line with its number. */
  watch: boolean
}

/** At most so many failures are told one by one while a sweep runs. */
const toldFailures = 5

/** Runs a sweep with one progress bar on stderr. */
export async function runSweep(cli: Cli, session: Session, parent: PreparedRun, options: SweepRunOptions): Promise<RunRecord> {
  const plan = await planSweep(options.sweep, { workingDirectory: cli.workingDirectory, cores: coresAtHand() })
  const metric = plan.selector?.name
  const progress = cli.globals.quiet
    ? undefined
    : createProgress({
        stream: cli.stderr,
        total: plan.study.planned,
        label: visible(parent.name),
        style: cli.errorStyle,
        unicode: cli.config.unicode,
        plainLines: cli.config.continuousIntegration,
      })
  let failures = 0
  await using job = await openToldExecution(cli, session, parent)
  try {
    const sweep = startSweep(job.execution, parent, {
      plan,
      ...(options.resume === undefined ? {} : { resume: options.resume }),
      ...(options.attach === undefined ? {} : { attach: options.attach }),
      events: {
        onProgress: (totals) =>
          progress?.update(endedIterations(totals), {
            running: totals.running,
            failed: totals.failed,
            best: bestText(totals, metric),
          }),
        onIteration: ({ iteration, state, reason }) => {
          if (state === 'failed' && ++failures <= toldFailures)
            progress?.note(`iteration ${iteration} failed: ${visible(reason ?? '')}`)
        },
        onWarning: (message) => progress?.note(`warning: ${visible(message)}`),
        onProblem: (message) => progress?.note(`not recorded: ${visible(message)}`),
        ...(options.watch
          ? { onOutput: (iteration: number, bytes: Uint8Array) => progress?.note(prefixed(iteration, bytes)) }
          : {}),
      },
    })
    options.interrupts.watch(sweep)
    return await sweep.done
  } finally {
    progress?.stop()
  }
}

const bestText = ({ best }: SweepTotals, metric: string | undefined): string | undefined =>
  best === undefined ? undefined : `${metric} ${formatNumber(best.value)} (#${best.iteration})`

const prefixed = (iteration: number, bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => `[${iteration}] ${line}`)
    .join('\n')
