import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'
import { shortId } from '../output/format.ts'
import { visible } from '../output/visible.ts'

export function define(command: Command, cli: Cli): void {
  command
    .argument('<run>', 'the run or sweep')
    .argument('<name>', 'its new name; names need not be unique')
    .action(async (reference: string, name: string) => {
      await using session = await openRecords(cli)
      const { runs } = session.tracking
      const run = await runs.get(await runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project }))
      const iterations = run.kind === 'sweep' ? await runs.children(run.id) : []
      // Iterations bear the name of their sweep.
      const named = [run, ...iterations.filter((iteration) => iteration.name === run.name)]
      await Promise.all(named.map(({ id }) => runs.update(id, { name })))
      if (cli.globals.json) return cli.printJson({ id: run.id, name })
      return cli.note(`${shortId(run.id)} is now called ${visible(name)}; it was ${visible(run.name)}.`)
    })
  addExamples(command, cli, [
    ['trainyard rename latest baseline', 'by its id it is found as before'],
    ['trainyard rename 0193af "resnet, twice the data"', 'any text is a name'],
  ])
}
