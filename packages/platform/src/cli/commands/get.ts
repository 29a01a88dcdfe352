import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { fetchObject } from '../fetch-object.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'

export function define(command: Command, cli: Cli): void {
  command
    .description('Copy whatever an address names to a local file: a path, file://, http(s)://, s3://, gs://, az:// or store://.')
    .argument('<url>', 'the address')
    .argument('[path]', 'where to, or - for standard output (default: its name, in this folder)')
    .action(async (url: string, path: string | undefined) => {
      // Only a store:// address needs the records; the others work without any data directory.
      if (!url.startsWith('store://')) {
        return fetchObject(
          cli,
          { objectContext: { workingDirectory: cli.workingDirectory, environment: cli.config.environment } },
          url,
          path,
        )
      }
      await using session = await openRecords(cli)
      return await fetchObject(cli, session, url, path)
    })
  addExamples(command, cli, [
    ['trainyard get s3://data/iris.csv', 'into this folder'],
    ['trainyard get store://default/model:prod ./model.json', 'an artifact by its address'],
    ['trainyard get https://example.com/data.csv - | wc -l', 'to standard output'],
  ])
}
