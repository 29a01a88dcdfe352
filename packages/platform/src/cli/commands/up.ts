import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { serve } from '../serve.ts'
import { printSettings, readSettings, type UpFlags } from '../server-settings.ts'

export function define(command: Command, cli: Cli): void {
  command
    .option('--host <address>', 'address to listen on (default: 127.0.0.1); others take --allow-remote too')
    .option('--port <number>', 'port to listen on (default: 5000, or the next free one)')
    .option('--allow-remote', 'listen on an address that other machines can reach')
    .option('--allow-host <name>', 'another name under which the server may be asked for; can be repeated', collect)
    .option('--allow-origin <origin>', 'pages from there may ask and change (CORS); can be repeated', collect)
    .option('--token <text>', 'ask for this token with every request')
    .option(
      '--allow-private-addresses',
      'let webhooks, and code fetched for others, come from and go to private networks, also without encryption',
    )
    .option('--artifacts <address>', 'where artifacts go, such as s3://bucket/folder (default: the data directory)')
    .option('--artifact-root <folder>', 'a folder of this machine whose files may be read for others; can be repeated', collect)
    .option('--no-jobs', 'carry out no jobs here; other servers of the database may')
    .option('--job-cpus <number>', 'CPUs that jobs may use at a time (default: all)')
    .option('--job-memory <amount>', 'memory that jobs may ask for at a time, such as 8Gi (default: all)')
    .option('--job-gpus <number>', 'GPUs that jobs may use at a time (default: all)')
    .option('--log <level>', 'debug, info, warn, error or silent (default: warn)')
    .option('--config <file>', 'settings (default: trainyard.yaml in the data directory)')
    .option('--print-config', 'show every setting and where it comes from, and end')
    .option('--open', 'open a browser')
    .option('--no-open', 'do not open a browser')
    .action((options: UpFlags) => up(cli, options))
  addExamples(command, cli, [
    ['trainyard up', 'serve this data directory on http://127.0.0.1:5000'],
    ['MLFLOW_TRACKING_URI=http://127.0.0.1:5000 python train.py', 'log to it from a script that uses mlflow'],
    ['trainyard up --host 0.0.0.0 --allow-remote --token "$TOKEN"', 'serve others, who need the token'],
    ['trainyard up --print-config', 'every setting and where it comes from'],
  ])
}

async function up(cli: Cli, flags: UpFlags): Promise<void> {
  const settings = await readSettings(cli, flags)
  await (flags.printConfig === true ? printSettings(cli, settings) : serve(cli, settings))
}

const collect = (value: string, before: string[] = []): string[] => [...before, value]
