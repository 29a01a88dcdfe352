import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { serve, type UpOptions } from '../serve.ts'

export function define(command: Command, cli: Cli): void {
  command
    .option(
      '--host <address>',
      'address to listen on; others than this machine can reach it only with --allow-remote',
      '127.0.0.1',
    )
    .option('--port <number>', 'port to listen on (default: 5000, or the next free one)')
    .option('--allow-remote', 'listen on an address that other machines can reach')
    .option('--allow-host <name>', 'another name under which the server may be asked for; can be repeated', collect, [])
    .option('--token <text>', 'ask for this token with every request (default: TRAINYARD_TOKEN)')
    .option('--allow-private-addresses', 'let webhooks lead to this machine and into private networks, also without encryption')
    .option('--no-open', 'do not open a browser')
    .action((options: UpOptions) => serve(cli, options))
  addExamples(command, cli, [
    ['trainyard up', 'serve this data directory on http://127.0.0.1:5000'],
    ['MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python train.py', 'log to it from a script that uses mlflow'],
    ['trainyard up --host 0.0.0.0 --allow-remote --token "$TOKEN"', 'serve others, who need the token'],
  ])
}

const collect = (value: string, before: string[]): string[] => [...before, value]
