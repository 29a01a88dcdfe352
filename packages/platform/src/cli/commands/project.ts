import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { formatAge } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'
import { defineExport, defineImport, defineLoad, defineNew, defineSave, defineSync } from '../project/exchange.ts'
import { defineArchive, defineGet, defineRemove, defineShow } from '../project/tend.ts'
import { defineSecrets } from '../project/secrets.ts'

export function define(command: Command, cli: Cli): void {
  defineList(command, cli)
  defineNew(command, cli)
  defineLoad(command, cli)
  defineGet(command, cli)
  defineSave(command, cli)
  defineExport(command, cli)
  defineImport(command, cli)
  defineSync(command, cli)
  defineShow(command, cli)
  defineSecrets(command, cli)
  defineArchive(command, cli)
  defineRemove(command, cli)
}

function defineList(command: Command, cli: Cli): void {
  const ls = command
    .command('ls')
    .description('List projects.')
    .action(async () => {
      await using session = await openRecords(cli)
      const projects = await session.tracking.projects.list()
      if (cli.globals.json) return cli.printJson({ projects })
      if (cli.globals.quiet) return projects.length === 0 ? undefined : cli.print(projects.map(({ name }) => name).join('\n'))
      if (projects.length === 0) return cli.note('There are no projects yet.')
      const rows = projects.map((project) => [
        visible(project.name),
        String(project.runCount),
        formatAge(project.createdAtMs, cli.nowMs()),
      ])
      return cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
    })
  addExamples(ls, cli, [['trainyard project ls', 'projects and how many runs each has']])
}

const columns = [
  { header: 'project', shrinkTo: 10 },
  { header: 'runs', align: 'right' },
  { header: 'age', align: 'right' },
] as const
