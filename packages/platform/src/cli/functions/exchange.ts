import { readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import { makeFolderSync } from '../../base/make-folder.ts'
import { storageError } from '../../base/errors.ts'
import {
  entryPointsOf,
  fetchSource,
  fromFunctionDocument,
  type FunctionDocument,
  parseFunctionReference,
  portableDocument,
  printFunctionFile,
  readFunctionFile,
  toFunctionDocument,
} from '../../functions/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { tellSaved } from './function-page.ts'
import { type FunctionSession, openFunctions, sourceOptions } from './function-session.ts'
import { getNamed } from './look.ts'

interface ImportOptions {
  name?: string
  tag: string[]
  dryRun?: boolean
}

const collect = (value: string, before: string[]): string[] => [...before, value]

export function defineImport(command: Command, cli: Cli): void {
  const taken = command
    .command('import')
    .description(
      "Take a function in: from a function.yaml, as MLRun's client writes it or by hand, a folder with one, an address, or another project.",
    )
    .argument('<from>', 'function.yaml, a folder, https://…/function.yaml, s3://…, db://project/name:tag, hub://name')
    .option('-n, --name <name>', 'another name')
    .option('-t, --tag <tag>', 'tags beside latest and the one the file says', collect, [])
    .option('--dry-run', 'only say what it would be')
    .action(async (from: string, options: ImportOptions) => {
      await using session = await openFunctions(cli, { create: true })
      const document = await readDocument(cli, session, from)
      const { name, ...spec } = fromFunctionDocument(document)
      const given = options.name ?? name
      if (given === '') throw new AppError('invalid_argument', `${from} has no metadata.name: give one with --name.`)
      const metadata = document['metadata'] as { tag?: unknown }
      const own = typeof metadata.tag === 'string' && metadata.tag !== '' ? [metadata.tag] : []
      if (options.dryRun) {
        if (cli.globals.json)
          return await cli.printJson({ project: session.project, name: given, spec: { ...spec, name: given }, document })
        return await cli.print((await printFunctionFile(document)).trimEnd())
      }
      const saved = await session.functions.save({
        project: session.project,
        document: toFunctionDocument({ ...spec, name: given }, { base: document, project: session.project }),
        tags: Array.from(new Set(['latest', ...own, ...options.tag])),
        by: cli.config.userName,
      })
      await tellSaved(cli, saved)
    })
  addExamples(taken, cli, [
    ['trainyard function import function.yaml', 'what a file describes'],
    ['trainyard function import https://example.com/describe/function.yaml --name eda', 'from the web, under another name'],
    ['trainyard function import db://shared/train:v2', "another project's"],
    ['trainyard function import hub://describe', 'a copy of what a hub offers'],
  ])
}

async function readDocument(cli: Cli, session: FunctionSession, from: string): Promise<FunctionDocument> {
  if (from.startsWith('db://')) {
    const version = await session.functions.get(parseFunctionReference(from), session.project)
    return portableDocument(version.document)
  }
  if (from.startsWith('hub://')) return await readHubItem(cli, from)
  const folder = session.remote === undefined ? session.directory.path : cli.workingDirectory
  const fetched = await fetchSource(from, sourceOptions(cli, session, folder, cli.signal))
  return await readFunctionFile(fetched.file ?? join(fetched.folder, 'function.yaml'))
}

/** With its code in it: what a hub offers may change or go away. */
export async function readHubItem(cli: Cli, reference: string): Promise<FunctionDocument> {
  const { openHub } = await import('../hub/hub-session.ts')
  await using opened = await openHub(cli)
  const item = await opened.hub.find(reference)
  const { document, script, handler, requirements } = await opened.hub.fetch(item)
  const spec = fromFunctionDocument(document)
  const code = spec.code ?? (await readFile(script, 'utf8'))
  const codeFile = spec.codeFile ?? basename(script)
  return toFunctionDocument(
    {
      name: item.name,
      code,
      codeFile,
      ...(handler === null ? {} : { handler }),
      ...(requirements.length === 0 ? {} : { requirements }),
      entryPoints: spec.entryPoints ?? entryPointsOf(code, codeFile),
    },
    { base: portableDocument(document) },
  )
}

export function defineExport(command: Command, cli: Cli): void {
  const exported = command
    .command('export')
    .description("Write a function as function.yaml, which MLRun's client reads too; nothing in it belongs to this place.")
    .argument('<function>', 'name, name:tag, name@hash or db://project/name:tag')
    .argument('[path]', 'where to; - for standard output', 'function.yaml')
    .option('--all', 'with project, labels, hash and state')
    .action(async (text: string, path: string, options: { all?: boolean }) => {
      await using session = await openFunctions(cli)
      const { document, status, hash, tags } = await getNamed(session, text)
      const whole = {
        ...document,
        metadata: { ...(document['metadata'] as object), hash, tag: tags[0] ?? '' },
        ...(status ? { status } : {}),
      }
      const written = options.all ? whole : portableDocument(document)
      await writeDocument(cli, written, path)
    })
  addExamples(exported, cli, [
    ['trainyard function export train', 'to function.yaml'],
    ['trainyard function export train@3f2a9c10 -', 'a version, to standard output'],
  ])
}

/** To a file, by its ending JSON or YAML; `-` is standard output. */
export async function writeDocument(cli: Cli, document: FunctionDocument, path: string): Promise<void> {
  const content = path.endsWith('.json') ? `${JSON.stringify(document, undefined, 2)}\n` : await printFunctionFile(document)
  if (path === '-') return await cli.write(content)
  const target = resolve(cli.workingDirectory, path)
  try {
    makeFolderSync(join(target, '..'))
    await writeFile(target, content)
  } catch (error) {
    throw storageError(`Cannot write ${target}`, error)
  }
  if (cli.globals.json) return await cli.printJson({ path: target })
  await cli.print(target)
}
