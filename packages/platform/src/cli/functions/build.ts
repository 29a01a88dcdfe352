import { join } from 'node:path'
import type { Command } from 'commander'
import { resolveSecrets } from '../../execution/index.ts'
import { fromFunctionDocument, readFunctionFile, toFunctionDocument } from '../../functions/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { visible } from '../output/visible.ts'
import { parseSecretSources } from '../run/parse-options.ts'
import { type FunctionSession, openFunctions, sourceOptions } from './function-session.ts'
import { getNamed } from './look.ts'

interface FunctionBuildOptions {
  image?: string
  baseImage?: string
  push?: boolean
  engine?: string
  environment?: boolean
  withSecret: string[]
  force?: boolean
  python?: string
  log?: boolean
}

const collect = (value: string, before: string[]): string[] => [...before, value]

export function defineBuild(command: Command, cli: Cli): void {
  const build = command
    .command('build')
    .description(
      'Build what a function needs: an image where buildah, podman or docker is there and it has a base image, else its environment.',
    )
    .argument('<function>', 'name, name:tag, name@hash, db://project/name:tag, or a function.yaml, which is taken in first')
    .option('--image <name>', 'the name of the image: registry/name:tag')
    .option('--base-image <image>', 'the image to begin with (another version of the function)')
    .option('--push', 'send the image to its registry')
    .option('--engine <name>', 'buildah, podman or docker')
    .option('--environment', 'the environment, also where images could be built')
    .option(
      '--with-secret <source>',
      'file=PATH, env=NAME,NAME or KEY=VALUE: variables of the build that stay in no layer',
      collect,
      [],
    )
    .option('--force', 'also when nothing has changed')
    .option('--python <python>', 'the Python of the environment')
    .option('--log', 'only print the log of the last build')
    .action(async (text: string, options: FunctionBuildOptions) => {
      await using session = await openFunctions(cli, { create: isFile(text) })
      const folder = join(session.directory.path, 'builds')
      const version = await versionToBuild(cli, session, text, options)
      const { buildFunction, readBuildLog } = await import('../../builds/index.ts')
      if (options.log) return await cli.write(await readBuildLog(folder, version))
      const ground = { environment: cli.config.environment, workingDirectory: cli.workingDirectory }
      const record = await buildFunction(
        version,
        {
          what: options.environment ? 'environment' : options.image !== undefined || options.push ? 'image' : 'auto',
          ...(options.engine === undefined ? {} : { engine: options.engine }),
          ...(options.image === undefined ? {} : { image: options.image }),
          push: options.push ?? false,
          secrets: resolveSecrets(parseSecretSources(options.withSecret), ground),
          force: options.force ?? false,
          ...(options.python === undefined ? {} : { python: options.python }),
        },
        {
          functions: session.functions,
          sources: sourceOptions(cli, session, session.directory.path, cli.signal),
          folder,
          environment: cli.config.environment,
          onLine: (line) => cli.note(cli.errorStyle.dim(visible(line))),
          nowMs: cli.nowMs,
        },
      )
      if (cli.globals.json) return await cli.printJson({ function: version.reference, state: 'ready', ...record })
      await cli.print(record.image ?? record.python ?? record.key)
    })
  addExamples(build, cli, [
    ['trainyard function build train', 'the environment, or the image where there is a base image'],
    ['trainyard function build function.yaml --image registry.example.com/train:1 --push', 'an image from a file, pushed'],
    ['trainyard function build train --with-secret env=PIP_INDEX_URL', 'with a private index that is not left in the image'],
  ])
}

const isFile = (text: string): boolean => /\.(?:ya?ml|json)$/i.test(text)

async function versionToBuild(cli: Cli, session: FunctionSession, text: string, { baseImage }: FunctionBuildOptions) {
  const known = isFile(text) ? undefined : await getNamed(session, text)
  if (known && (baseImage === undefined || known.spec.baseImage === baseImage)) return known
  const document = known?.document ?? (await readFunctionFile(join(cli.workingDirectory, text)))
  const spec = fromFunctionDocument(document)
  const project = known?.project ?? session.project
  return await session.functions.save({
    project,
    document: toFunctionDocument({ ...spec, ...(baseImage === undefined ? {} : { baseImage }) }, { base: document, project }),
    by: cli.config.userName,
  })
}
