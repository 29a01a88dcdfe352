import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { exitCodes } from '../exit-codes.ts'
import { openDirectory } from '../open-directory.ts'
import { formatTime } from '../output/format.ts'
import { readServerNote } from '../server-file.ts'

export function define(command: Command, cli: Cli): void {
  command.action(async () => {
    const directory = openDirectory(cli, { create: false })
    const note = readServerNote(directory.path)
    const answers = note !== undefined && (await isHealthy(note.url))
    if (!answers) cli.exitCode = exitCodes.notFound
    if (cli.globals.json)
      return cli.printJson({
        running: note !== undefined,
        answers,
        url: note?.url ?? null,
        pid: note?.process.pid ?? null,
        startedAtMs: note?.startedAtMs ?? null,
        dataDirectory: directory.path,
      })
    if (!note) return cli.print(`No server runs for ${directory.path}. Start one with: trainyard up`)
    if (cli.globals.quiet) return cli.print(note.url)
    const state = answers ? 'running' : 'running, but does not answer'
    return cli.print(
      `${note.url} ${state}, process ${note.process.pid}, started ${formatTime(note.startedAtMs)}, data in ${directory.path}`,
    )
  })
  addExamples(command, cli, [['trainyard status', 'where the server of this data directory listens']])
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    // Whatever the reason, it does not answer: that is what is told.
    return false
  }
}
