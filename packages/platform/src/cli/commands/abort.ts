import type { Command } from 'commander'
import { AppError, isEnded, type RunRecord } from '@trainyard/contract'
import { abortRun, adoptRuns } from '../../execution/index.ts'
import { reporter } from '../../tracking/index.ts'
import type { Cli } from '../cli.ts'
import { shortId } from '../output/format.ts'
import { visible } from '../output/visible.ts'
import { addExamples } from '../examples.ts'
import { executionOf } from '../run/start-execution.ts'
import { jobsOf } from '../record-server.ts'
import { openSession } from '../session.ts'
import { wakeServer } from '../wake-server.ts'

export function define(command: Command, cli: Cli): void {
  command
    .argument('<run...>', 'runs, sweeps or single iterations')
    .option('--reason <text>', 'kept on the record')
    .option('--force', 'kill at once instead of asking first')
    .action(async (references: string[], options: { reason?: string; force?: boolean }) => {
      await using session = await openSession(cli, { create: false })
      const execution = executionOf(cli, session)
      const jobs = jobsOf(session, execution, () => void wakeServer(session.directory.path))
      await adoptRuns(execution)
      const { runs } = session.tracking
      const scope = cli.project === undefined ? {} : { project: cli.project }
      const ids = await Promise.all(references.map((reference) => runs.resolve(reference, scope)))
      const reason = `aborted by ${cli.config.userName}${options.reason === undefined ? '' : `: ${options.reason}`}`
      for (const record of await runs.getMany(ids)) {
        if (isEnded(record.state))
          throw new AppError(
            'failed_precondition',
            `Run ${shortId(record.id)} (${visible(record.name)}) is ${record.state} already.`,
          )
      }
      const reported = new Set<string>()
      const abort = async (id: string): Promise<RunRecord> => {
        if ((await runs.get(id)).supervisor?.host === reporter(0).host) reported.add(id)
        const how = { reason, force: options.force ?? false }
        const ended = await jobs.abort(id, how)
        return ended === false ? await abortRun(execution, id, how) : ended
      }
      const aborted = await Promise.all(ids.map(abort))
      if (cli.globals.json) return cli.printJson(aborted)
      for (const record of aborted) {
        await cli.print(`${shortId(record.id)} ${visible(record.name)} ${record.state}`)
        if (reported.has(record.id)) cli.note('Its record is closed; its program watches itself and was not stopped.')
      }
    })
  addExamples(command, cli, [
    ['trainyard abort latest', 'stop the newest run'],
    ['trainyard abort tune/12 --reason "diverged"', 'stop one iteration of a sweep'],
  ])
}
