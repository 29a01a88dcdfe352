import type { MigrationReport } from '../../migration/index.ts'
import type { Cli } from '../cli.ts'
import { exitCodes } from '../exit-codes.ts'
import { createProgress } from '../output/progress.ts'
import { progressDetail, reportPage } from './report-page.ts'

/** Shows how a migration goes on, then its report; exit code 6 when a record could not be moved. */
export async function showMigration(
  cli: Cli,
  label: string,
  migrate: (onProgress: (report: Readonly<MigrationReport>) => void) => Promise<MigrationReport>,
): Promise<void> {
  const isQuiet = cli.globals.quiet || cli.globals.json
  const progress = isQuiet
    ? undefined
    : createProgress({
        stream: cli.stderr,
        total: undefined,
        label,
        style: cli.errorStyle,
        unicode: cli.config.unicode,
        plainLines: cli.config.continuousIntegration,
      })
  let report: MigrationReport
  try {
    report = await migrate((state) =>
      progress?.update(state.runs.found, { failed: state.runs.failed, detail: progressDetail(state) }),
    )
  } finally {
    progress?.stop({ clear: true })
  }
  const { experiments, runs, loggedModels, models } = report
  if ([experiments, runs, loggedModels, models].some(({ failed }) => failed > 0)) cli.exitCode = exitCodes.problems
  if (cli.globals.json) return await cli.printJson(report)
  if (!cli.globals.quiet) await cli.print(reportPage(cli, report).join('\n'))
}
