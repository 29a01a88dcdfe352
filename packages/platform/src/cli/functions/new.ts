import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { AppError, isAppError, inferValues } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'
import type { Command } from 'commander'
import {
  checkFunctionSpec,
  makeFunction,
  portableDocument,
  printFunctionFile,
  toFunctionDocument,
} from '../../functions/index.ts'
import { systemReason } from '../../base/errors.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { parseCount } from '../option-values.ts'
import { parsePairs } from '../run/parse-options.ts'
import { openFunctions, sourceOptions } from './function-session.ts'
import { writeDocument } from './exchange.ts'
import { tellSaved } from './function-page.ts'

interface NewOptions {
  name?: string
  kind?: string
  handler?: string
  command?: string
  image?: string
  baseImage?: string
  requirement: string[]
  runCommand: string[]
  env: string[]
  param: string[]
  label: string[]
  category: string[]
  cpu?: string
  memory?: string
  gpus?: string
  replicas?: string
  retries?: string
  timeout?: string
  nodeSelector: string[]
  priorityClass?: string
  preemption?: string
  workdir?: string
  description?: string
  loadSourceOnRun?: boolean
  tag: string[]
  embed: boolean
  ignoreTag: string[]
  spec?: string
  dryRun?: boolean
  export?: string
  versioned: boolean
}

const collect = (value: string, before: string[]): string[] => [...before, value]

export function defineNew(command: Command, cli: Cli): void {
  const made = command
    .command('new')
    .description(
      'Make a function from a file, file:handler, notebook, folder, Git address, archive, or from nothing but the flags.',
    )
    .argument('[code]', 'train.py:my_job, notebook.ipynb, ./folder, git://host/path.git#ref:folder, code.tar.gz, s3://…')
    .option('-n, --name <name>', 'its name (default: that of the file or folder)')
    .option('--kind <kind>', 'job, local, dask, serving, … (default: job)')
    .option('--handler <name>', 'the callable to run: train, or package.module.train in a source')
    .option('--command <file>', 'the file of the source to run')
    .option('--image <image>', 'the container image it runs in')
    .option('--base-image <image>', 'the image a build begins with')
    .option('-r, --requirement <package>', 'a package it needs, or -r file; may be repeated', collect, [])
    .option('--run-command <command>', 'a shell command of the build; may be repeated', collect, [])
    .option('--env <KEY=VALUE>', 'a variable for the process', collect, [])
    .option('-p, --param <key=value>', 'a default for a parameter', collect, [])
    .option('-l, --label <key=value>', 'a label', collect, [])
    .option('--category <name>', 'a category', collect, [])
    .option('--cpu <amount>', 'cores it may use: 2, 500m')
    .option('--memory <amount>', 'memory it may use: 512Mi, 4G')
    .option('--gpus <count>', 'GPUs it needs')
    .option('--replicas <count>', 'processes of a cluster, or least:most')
    .option('--retries <count>', 'how often a run is repeated after a failure')
    .option('--timeout <duration>', 'the time limit of a run: 90s, 24h')
    .option('--node-selector <key=value>', 'a label that its node must have', collect, [])
    .option('--priority-class <name>', 'its priority class')
    .option('--preemption <mode>', 'allow, constrain, prevent or none: machines that can be taken away')
    .option('--workdir <folder>', 'where it works, within the source')
    .option('--description <text>', 'what it does (default: the docstring of the file)')
    .option('--load-source-on-run', 'fetch the source for each run instead of building it in')
    .option('-t, --tag <tag>', 'tags beside latest', collect, [])
    .option('--no-embed', 'keep the path of a single file instead of its text')
    .option('--ignore-tag <tag>', 'leave out notebook cells with this tag', collect, [])
    .option('--spec <file>', 'what it is and how it runs, in JSON (see docs/functions.md); - reads standard input; flags win')
    .option('--no-versioned', 'replace what the tag leads to instead of making a version')
    .option('--export <path>', 'write it as function.yaml instead of keeping it')
    .option('--dry-run', 'only say what it would be')
    .action(async (code: string | undefined, options: NewOptions) => {
      const said = options.spec === undefined ? {} : await readSpec(cli, options.spec)
      await using session = await openFunctions(cli, { create: true })
      const folder = session.remote === undefined ? session.directory.path : cli.workingDirectory
      const spec = await makeFunction(code, {
        ...sourceOptions(cli, session, folder, cli.signal),
        given: { ...said, ...givenOf(options) },
        embed: options.embed,
        ignoredTags: options.ignoreTag,
      })
      const document = toFunctionDocument(spec, { project: session.project })
      if (options.export !== undefined) return await writeDocument(cli, portableDocument(document), options.export)
      if (options.dryRun) {
        if (cli.globals.json) return await cli.printJson({ project: session.project, name: spec.name, spec, document })
        return await cli.print((await printFunctionFile(portableDocument(document))).trimEnd())
      }
      const saved = await session.functions.save({
        project: session.project,
        document,
        tags: options.versioned || options.tag.length === 0 ? ['latest', ...options.tag] : options.tag,
        versioned: options.versioned,
        by: cli.config.userName,
      })
      await tellSaved(cli, saved)
    })
  addExamples(made, cli, [
    ['trainyard function new training.py:my_job -r pandas', 'a file and one of its functions'],
    ['trainyard function new git://github.com/me/code.git#main --command train.py', 'a repository'],
    ['trainyard function new analysis.ipynb --name describe', 'the marked cells of a notebook'],
    ['trainyard function new --name web --kind application --image nginx', 'an image that has all it needs'],
  ])
}

async function readSpec(cli: Cli, path: string): Promise<Partial<FunctionSpec>> {
  const source = path === '-' ? 'standard input' : path
  try {
    const content = path === '-' ? await readAll(cli.stdin) : await readFile(resolve(cli.workingDirectory, path), 'utf8')
    return checkFunctionSpec(JSON.parse(content), source)
  } catch (error) {
    if (isAppError(error)) throw error
    const reason = error instanceof SyntaxError ? `is not JSON: ${error.message}` : `cannot be read: ${systemReason(error)}`
    throw new AppError('invalid_argument', `${source} ${reason}.`, { cause: error })
  }
}

function givenOf(options: NewOptions): Partial<FunctionSpec> {
  const texts = (flag: string, values: string[], form: string) =>
    values.length === 0 ? undefined : parsePairs(flag, values, form)
  const parameters = texts('-p', options.param, 'key=value')
  const limits = {
    ...(options.cpu === undefined ? {} : { cpu: options.cpu }),
    ...(options.memory === undefined ? {} : { memory: options.memory }),
    ...(options.gpus === undefined ? {} : { gpu: parseCount(options.gpus, '--gpus', 0) }),
  }
  return defined({
    name: options.name,
    kind: options.kind,
    handler: options.handler,
    command: options.command,
    image: options.image,
    baseImage: options.baseImage,
    requirements: some(options.requirement),
    commands: some(options.runCommand),
    environment: texts('--env', options.env, 'KEY=VALUE'),
    parameters: parameters && inferValues(parameters),
    labels: texts('-l', options.label, 'key=value'),
    categories: some(options.category),
    resources: Object.keys(limits).length === 0 ? undefined : { limits },
    ...replicasOf(options.replicas),
    retries: options.retries === undefined ? undefined : { count: parseCount(options.retries, '--retries', 0) },
    timeouts: options.timeout === undefined ? undefined : { executing: options.timeout },
    nodeSelector: texts('--node-selector', options.nodeSelector, 'key=value'),
    priority: options.priorityClass,
    preemption: preemptionOf(options.preemption),
    workingDirectory: options.workdir,
    description: options.description,
    loadSourceOnRun: options.loadSourceOnRun,
  })
}

const some = (values: string[]): string[] | undefined => (values.length === 0 ? undefined : values)

const defined = (given: { [Key in keyof FunctionSpec]?: FunctionSpec[Key] | undefined }): Partial<FunctionSpec> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))

function replicasOf(text: string | undefined): Pick<FunctionSpec, 'replicas' | 'minReplicas' | 'maxReplicas'> {
  if (text === undefined) return {}
  const [least = '', most] = text.split(':')
  if (most === undefined) return { replicas: parseCount(least, '--replicas', 0) }
  const [minReplicas, maxReplicas] = [parseCount(least, '--replicas', 0), parseCount(most, '--replicas')]
  if (minReplicas > maxReplicas) throw new AppError('invalid_argument', `--replicas ${text}: the least is more than the most.`)
  return { minReplicas, maxReplicas }
}

function preemptionOf(text: string | undefined): FunctionSpec['preemption'] {
  if (text === undefined || text === 'allow' || text === 'constrain' || text === 'prevent' || text === 'none') return text
  throw new AppError('invalid_argument', `--preemption ${text}: expected allow, constrain, prevent or none.`)
}
