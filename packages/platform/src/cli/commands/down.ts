import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { AppError } from '@trainyard/contract'
import { isAlive, supervisorStatus } from '../../execution/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { openDirectory } from '../open-directory.ts'
import { readServerNote } from '../server-file.ts'

const patienceMs = 15_000
const lookEveryMs = 50

export function define(command: Command, cli: Cli): void {
  command.action(async () => {
    const directory = openDirectory(cli, { create: false })
    const note = readServerNote(directory.path)
    if (!note) throw new AppError('not_found', `No server runs for ${directory.path}.`)
    if (supervisorStatus(note.process) === 'elsewhere')
      throw new AppError('failed_precondition', `The server ${note.url} runs on ${note.process.host}; stop it there.`)
    process.kill(note.process.pid, 'SIGTERM')
    for (let waitedMs = 0; isAlive(note.process); waitedMs += lookEveryMs) {
      if (waitedMs >= patienceMs)
        throw new AppError(
          'unavailable',
          `The server (process ${note.process.pid}) is still finishing requests; look again with: trainyard status`,
        )
      await sleep(lookEveryMs)
    }
    if (cli.globals.json) return cli.printJson({ stopped: note.url, pid: note.process.pid })
    return cli.print(`Stopped ${note.url}.`)
  })
  addExamples(command, cli, [['trainyard down', 'stop the server of this data directory']])
}
