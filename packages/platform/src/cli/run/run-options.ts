import type { Command } from 'commander'

/** The flags of `run` as commander hands them over. */
export interface RunOptions {
  name?: string
  experiment?: string
  param: string[]
  hyper: string[]
  input: string[]
  secret: string[]
  outPath?: string
  handler?: string
  task?: string
  paramFile?: string
  strategy?: string
  selector?: string
  parallel?: string
  maxIterations?: string
  maxErrors?: string
  stop?: string
  seed?: string
  pruner?: string
  iterationTimeout?: string
  timeout?: string
  retries?: string
  label: string[]
  notify: string[]
  notifyWhen?: string
  notifyIf?: string
  notifyMessage?: string
  returns: string[]
  env: string[]
  requirements?: string
  python?: string
  autolog?: boolean
  detach?: boolean
  on?: string
  program?: string
  image?: string
  priority?: string
  cpus?: string
  memory?: string
  gpus?: string
  pendingTimeout?: string
  waitForServer?: boolean
  watch?: boolean
  sampleEvery?: string
  attach?: string
  runId?: string
  typed?: string
}

const collect = (value: string, before: string[]): string[] => [...before, value]

/** Declares the flags of `run`; `rerun` and `resume` take some of them too. */
export function addRunOptions(command: Command): void {
  command
    .option('-n, --name <name>', 'name of the run (default: the file, with the handler)')
    .option('--experiment <name>', 'experiment the run belongs to (default: its name)')
    .option('-p, --param <key=value>', 'a parameter; values are JSON where they parse, else text', collect, [])
    .option(
      '-x, --hyper <key=values>',
      'a hyper-parameter: a JSON list, or loguniform(1e-4,1e-1), int(1,10), uniform(0,1), normal(0,1)',
      collect,
      [],
    )
    .option('-i, --input <key=url>', 'an input: a path or http(s)://, s3://, gs://, az://, store:// address', collect, [])
    .option(
      '-s, --secret <source>',
      'secrets: file=PATH, env=NAME,NAME or KEY=VALUE (readable with get_secret, never recorded)',
      collect,
      [],
    )
    .option(
      '-o, --out-path <path>',
      'where artifacts go: a folder or an object store address; {{run.uid}} and the like are replaced',
    )
    .option('--handler <name>', 'a function of the file (also: training.py:my_job)')
    .option('--task <file>', 'a task template in YAML or JSON; - reads it from standard input')
    .option('-l, --label <key=value>', 'a label', collect, [])
    .option('--returns <hint>', 'how a returned value is logged: name or name:kind', collect, [])
    .option('--env <KEY=VALUE>', 'an environment variable for the script', collect, [])
    .option(
      '--requirements <file>',
      'packages: requirements.txt, pyproject.toml, or package names with commas; gives a cached environment',
    )
    .option('--python <python>', 'path or name of the Python to use')
    .option('--autolog', 'turn on mlflow.autolog() in the script')
    .option('--timeout <duration>', 'end the run after this time: 90s, 30m, 2h')
    .option('--retries <count>', 'start again after a failure, waiting 1, 2, 4… seconds')
    .option('--detach', 'start in the background and print the run id')
    .option('--watch', 'show the output while it runs (the default)')
    .option('--program <name>', 'any program instead of a file; its words stand behind --')
    .option('--image <image>', 'run it in a container of this image (with podman)')
    .optionsGroup('On a server:')
    .option('--on <where>', 'server: queue it there, where it goes on without this terminal')
    .option('--priority <number>', 'among jobs that wait, higher ones start first (-1000 to 1000, default 0)')
    .option('--cpus <number>', 'CPUs it needs (default 1)')
    .option('--memory <amount>', 'memory it needs, such as 4Gi')
    .option('--gpus <count>', 'GPUs it needs')
    .option('--wait-for-server', 'queue it also when no server runs, and wait for one')
    .option('--pending-timeout <duration>', 'give up when it has not started after this time')
    .optionsGroup('Options:')
    .option('--sample-every <duration>', 'how often CPU, memory and GPUs are sampled (default 5s; 0 turns it off)')
    .option(
      '--notify <where>',
      'who is told when it ends: console, slack=$SECRET, teams=$SECRET, mail=ada@example.org, webhook=https://…, github=owner/repo#12',
      collect,
      [],
    )
    .option('--notify-when <states>', 'only then: completed, failed, aborted, with commas')
    .option('--notify-if <condition>', "only if its results say so: 'accuracy < 0.9'")
    .option('--notify-message <template>', "what they are told: '{{run.name}} came to {{results.accuracy}}'")
    .optionsGroup('Sweeps:')
    .option('--param-file <file>', 'hyper-parameters from a CSV, JSON, JSON lines or YAML file')
    .option('--strategy <name>', 'grid, list, random or tpe (default: grid; random with distributions; list for files of rows)')
    .option('--selector <name>', 'what makes an iteration the best: max.accuracy, min.loss')
    .option('--parallel <count>', 'iterations at a time (default: the cores at hand)')
    .option('--max-iterations <count>', 'at most this many iterations')
    .option('--max-errors <count>', 'give up after this many failed iterations')
    .option('--stop <condition>', "stop when an iteration fulfils it: 'accuracy >= 0.95 and loss < 0.1'")
    .option('--seed <number>', 'seed of random and tpe (recorded either way)')
    .option('--pruner <asha>', 'stop bad iterations early by the metrics they log: asha or asha(minSteps,reductionFactor)')
    .option('--iteration-timeout <duration>', 'end an iteration after this time')
  for (const [flags, description] of [
    ['--attach <fds>', 'descriptors of a worker that is already there'],
    ['--run-id <id>', 'id of the new run'],
    ['--typed <words>', 'what the user typed, as a JSON list, for the record'],
  ] as const) {
    command.addOption(command.createOption(flags, description).hideHelp())
  }
}
