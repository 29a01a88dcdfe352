import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { examine } from '../checkup.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderTable } from '../output/table.ts'
import { addExamples } from '../examples.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Check what Trainyard needs here: data directory, database, Python, disk, clock, optional tools and packages.')
    .action(async () => {
      const findings = await examine(cli)
      if (findings.some((finding) => finding.verdict === 'fail')) cli.exitCode = exitCodes.runFailed
      if (cli.globals.json) return cli.printJson({ findings })
      const shown = cli.globals.quiet ? findings.filter((finding) => finding.verdict !== 'ok') : findings
      if (shown.length === 0) return
      const looks = { ok: cli.style.green, warn: cli.style.yellow, fail: cli.style.red }
      const rows = shown.map((finding) => [
        { text: finding.verdict, style: looks[finding.verdict] },
        finding.what,
        finding.advice === undefined ? finding.found : `${finding.found}: ${finding.advice}`,
      ])
      await cli.print(
        renderTable([{ header: '' }, { header: '' }, { header: '' }], rows, { style: cli.style, header: false }).join('\n'),
      )
    })
  addExamples(command, cli, [
    ['trainyard doctor', 'ok, warn or fail for each thing, and what to do'],
    ['trainyard doctor --quiet', 'only what is not right'],
  ])
}
