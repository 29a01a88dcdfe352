import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AppError, checkProjectName, type JsonObject, inferValues } from '@trainyard/contract'
import type { Command } from 'commander'
import { makeFolderSync } from '../../base/make-folder.ts'
import { createDefinitions } from '../../definitions/index.ts'
import { pythonPackageFolder } from '../../execution/index.ts'
import { createFunctions, fetchSource, type Functions } from '../../functions/index.ts'
import {
  compareFolder,
  packProject,
  readProjectFile,
  runSetup,
  takeProject,
  type TakenProject,
  writeProject,
  type WritePlace,
} from '../../projects/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { openHub } from '../hub/hub-session.ts'
import { sourceOptions } from '../functions/function-session.ts'
import { countOf } from '../output/format.ts'
import { visible, visibleLines } from '../output/visible.ts'
import { parsePairs } from '../run/parse-options.ts'
import { renderDifferences } from './differences.ts'
import { openProjects, type ProjectSession } from './project-session.ts'
import { requireProject } from './tend.ts'

const collect = (value: string, before: string[]): string[] => [...before, value]

const functionsOf = (cli: Cli, session: ProjectSession): Functions =>
  createFunctions(createDefinitions(session.database, { clock: { nowMs: cli.nowMs } }))

interface NewOptions {
  description?: string
  owner?: string
  label: string[]
  param: string[]
  defaultImage?: string
  source?: string
  artifactPath?: string
  folder?: string
}

export function defineNew(command: Command, cli: Cli): void {
  const made = command
    .command('new')
    .description('Make a project, in the records and, with --folder, as a folder with project.yaml.')
    .argument('<name>', 'letters, digits, dots, dashes and underscores')
    .option('--description <text>', 'what it is for')
    .option('--owner <name>', 'whose it is (default: you)')
    .option('-l, --label <key=value>', 'a label', collect, [])
    .option('--param <key=value>', 'a parameter of the project', collect, [])
    .option('--default-image <image>', 'for functions that say none')
    .option('--source <address>', 'where its code lies: Git, an archive, a folder')
    .option('--artifact-path <address>', 'where its artifacts go')
    .option('--folder <path>', 'write project.yaml there')
    .action(async (name: string, options: NewOptions) => {
      checkProjectName(name)
      await using session = await openProjects(cli, { create: true })
      const params = inferValues(parsePairs('--param', options.param))
      const labels = parsePairs('--label', options.label)
      const spec: JsonObject = {
        ...(options.description === undefined ? {} : { description: options.description }),
        owner: options.owner ?? cli.config.userName,
        ...(Object.keys(params).length === 0 ? {} : { params }),
        ...(options.defaultImage === undefined ? {} : { default_image: options.defaultImage }),
        ...(options.source === undefined ? {} : { source: options.source }),
        ...(options.artifactPath === undefined ? {} : { artifact_path: options.artifactPath }),
      }
      const metadata = Object.keys(labels).length === 0 ? {} : { labels }
      const project = await session.tracking.projects.create(name, { metadata, spec })
      if (options.folder !== undefined)
        await writeProject({ project, functions: [], secrets: [] }, placeOf(cli, session, options.folder))
      if (cli.globals.json) return await cli.printJson(project)
      cli.note(`Made the project ${visible(name)}.`)
    })
  addExamples(made, cli, [
    ['trainyard project new churn --description "who leaves, and why" --folder churn', 'a folder to keep in Git'],
  ])
}

interface LoadOptions {
  setup: boolean
  name?: string
}

export function defineLoad(command: Command, cli: Cli): void {
  const load = command
    .command('load')
    .description('Take a project in from its folder, an archive or a Git repository: document, functions, artifacts.')
    .argument('<source>', 'a folder with project.yaml, project.zip, https://…/project.tar.gz, git://host/repo.git#branch')
    .argument('[folder]', 'where an archive or repository is laid out (default: the name of the project)')
    .option('--name <name>', 'another name')
    .option('--no-setup', 'do not run project_setup.py')
    .action(async (source: string, folder: string | undefined, options: LoadOptions) => {
      await using session = await openProjects(cli, { create: true })
      const fetched = await fetchSource(source, sourceOptions(cli, session, session.directory.path, cli.signal))
      const isOwn = fetched.folder === resolve(cli.workingDirectory, source)
      const place = isOwn ? fetched.folder : await layOut(cli, fetched.folder, folder, options)
      await tell(cli, await loadFolder(cli, session, place, options), place)
    })
  addExamples(load, cli, [
    ['trainyard project load .', 'the project of this folder'],
    ['trainyard project load git://example.org/team/churn.git#main churn', 'from Git, into the folder churn'],
  ])
}

export function defineImport(command: Command, cli: Cli): void {
  const taken = command
    .command('import')
    .description('Take a project in from an archive that project export has written.')
    .argument('<archive>', '.zip, .tar or .tar.gz')
    .argument('[folder]', 'where it is laid out (default: the name of the project)')
    .option('--name <name>', 'another name')
    .option('--no-setup', 'do not run project_setup.py')
    .action(async (archive: string, folder: string | undefined, options: LoadOptions) => {
      await using session = await openProjects(cli, { create: true })
      const fetched = await fetchSource(archive, sourceOptions(cli, session, session.directory.path, cli.signal))
      const place = await layOut(cli, fetched.folder, folder, options)
      await tell(cli, await loadFolder(cli, session, place, options), place)
    })
  addExamples(taken, cli, [['trainyard project import churn.zip', 'into the folder churn']])
}

/** Fetched code is shared and not written to: the project gets a folder of its own. */
async function layOut(cli: Cli, from: string, folder: string | undefined, { name }: LoadOptions): Promise<string> {
  const target = resolve(cli.workingDirectory, folder ?? name ?? (await readProjectFile(from)).name)
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new AppError('already_exists', `The folder ${target} is not empty; name another one behind the source.`)
  makeFolderSync(target)
  cpSync(from, target, { recursive: true, filter: (path) => !/(?:^|\/)\.git$/.test(path) })
  return target
}

/** A folder of a project, and how the code that it names is reached. */
const placeOf = (cli: Cli, session: ProjectSession, folder: string): WritePlace => ({
  folder: resolve(cli.workingDirectory, folder),
  grounds: {
    functions: functionsOf(cli, session),
    sources: sourceOptions(cli, session, session.directory.path, cli.signal),
    hubFunction: async (reference) => {
      await using opened = await openHub(cli)
      return (await opened.hub.fetch(await opened.hub.find(reference))).document
    },
  },
})

/** What a folder says: its `project.yaml`, and what its setup makes of it. */
async function readFolder(cli: Cli, session: ProjectSession, folder: string, { setup, name }: LoadOptions) {
  const read = await readProjectFile(folder)
  const named = name === undefined ? read : { ...read, name }
  checkProjectName(named.name)
  if (!setup) return { file: named, secrets: {} }
  return await runSetup(named, folder, {
    pythonPath: pythonPackageFolder(),
    environment: cli.config.environment,
    secrets: await session.secrets.open(named.name),
    onOutput: (text) => text !== '' && cli.note(visibleLines(text.trimEnd())),
  })
}

async function loadFolder(cli: Cli, session: ProjectSession, folder: string, options: LoadOptions): Promise<TakenProject> {
  const { file, secrets } = await readFolder(cli, session, folder, options)
  const taken = await takeProject(file, folder, {
    tracking: session.tracking,
    ...placeOf(cli, session, folder).grounds,
    by: cli.config.userName,
    nowMs: cli.nowMs(),
  })
  if (Object.keys(secrets).length > 0) await session.secrets.set(file.name, secrets)
  const has = new Set((await session.secrets.list(file.name)).map(({ name }) => name))
  const { secrets: wanted } = file.spec
  const missing = Array.isArray(wanted) ? wanted.filter((name) => typeof name === 'string').filter((name) => !has.has(name)) : []
  if (missing.length > 0)
    cli.warn(
      `the project wants secrets it does not have here: trainyard --project ${file.name} project secrets set ${missing.map((name) => `${name}=…`).join(' ')}`,
    )
  for (const { key, target } of taken.missingFiles)
    cli.warn(`the artifact ${visible(key)} is kept, and its file is not there: ${visible(target)}`)
  return taken
}

async function tell(cli: Cli, { project, functions, artifacts }: TakenProject, folder: string): Promise<void> {
  if (cli.globals.json) return cli.printJson({ project, functions, artifacts, folder })
  cli.note(
    `Loaded ${visible(project.name)} with ${countOf(functions.length, 'function')} and ${countOf(artifacts.length, 'artifact')}.`,
  )
}

/** Everything that is written of a project. */
async function writableOf(cli: Cli, session: ProjectSession, name: string) {
  const project = await requireProject(session, name)
  const { functions } = await functionsOf(cli, session).list({ project: name, newestOnly: true, limit: 10_000 })
  const secrets = (await session.secrets.list(name)).map((secret) => secret.name)
  return { project, functions, secrets }
}

export function defineSave(command: Command, cli: Cli): void {
  const save = command
    .command('save')
    .description('Write a project into a folder: project.yaml, and a file for each function that no script of the folder says.')
    .argument('[folder]', 'where to', '.')
    .action(async (folder: string) => {
      await using session = await openProjects(cli)
      const target = resolve(cli.workingDirectory, folder)
      const name =
        cli.project ?? (existsSync(join(target, 'project.yaml')) ? (await readProjectFile(target)).name : session.project)
      const written = await writeProject(await writableOf(cli, session, name), placeOf(cli, session, target))
      if (cli.globals.json) return await cli.printJson({ project: name, folder: target, written })
      cli.note(`Wrote ${countOf(written.length, 'file')} of ${visible(name)} into ${target}.`)
    })
  addExamples(save, cli, [['trainyard --project churn project save churn', 'the same records give the same files, for Git']])
}

export function defineExport(command: Command, cli: Cli): void {
  const exported = command
    .command('export')
    .description('Pack a project: project.yaml, its functions and the files of its folder. Values of secrets are not in it.')
    .argument('<path>', '.zip, .tar or .tar.gz')
    .option('--folder <path>', 'the folder of the project, whose files go along')
    .action(async (path: string, options: { folder?: string }) => {
      await using session = await openProjects(cli)
      const scratch = mkdtempSync(join(tmpdir(), 'trainyard-project-'))
      try {
        if (options.folder !== undefined)
          cpSync(resolve(cli.workingDirectory, options.folder), scratch, {
            recursive: true,
            filter: (each) => !/(?:^|\/)\.(?:git|trainyard)$/.test(each),
          })
        await writeProject(await writableOf(cli, session, session.project), placeOf(cli, session, scratch))
        await packProject(scratch, resolve(cli.workingDirectory, path))
      } finally {
        rmSync(scratch, { recursive: true, force: true })
      }
      if (cli.globals.json) return await cli.printJson({ project: session.project, path })
      cli.note(`Packed ${visible(session.project)} into ${path}.`)
    })
  addExamples(exported, cli, [['trainyard --project churn project export churn.zip --folder churn', 'to be loaded elsewhere']])
}

export function defineSync(command: Command, cli: Cli): void {
  const sync = command
    .command('sync')
    .description('Show what differs between a folder and the records, or bring one to what the other says.')
    .argument('[folder]', 'the folder with project.yaml', '.')
    .option('--from-folder', 'the records take what the folder says')
    .option('--to-folder', 'the folder takes what the records say')
    .option('--no-setup', 'do not run project_setup.py')
    .action(async (folder: string, options: { fromFolder?: boolean; toFolder?: boolean; setup: boolean }) => {
      if (options.fromFolder === true && options.toFolder === true)
        throw new AppError('invalid_argument', 'Give --from-folder or --to-folder, not both.')
      await using session = await openProjects(cli, { create: options.fromFolder === true })
      const place = resolve(cli.workingDirectory, folder)
      if (options.fromFolder === true) return await tell(cli, await loadFolder(cli, session, place, options), place)
      const { file } = await readFolder(cli, session, place, options)
      const { name } = file
      const writable = await writableOf(cli, session, name)
      const there = placeOf(cli, session, place)
      const differences = await compareFolder(file, writable, there)
      if (options.toFolder === true) await writeProject(writable, there, new Set(differences.map(({ path }) => path)))
      if (cli.globals.json) return await cli.printJson({ project: name, differences })
      if (differences.length === 0) return cli.note(`${visible(name)}: the folder says what the records say.`)
      await cli.print(
        options.toFolder === true
          ? differences.map(({ path }) => `${path}: written`).join('\n')
          : renderDifferences(differences, cli).join('\n'),
      )
    })
  addExamples(sync, cli, [
    ['trainyard project sync churn', 'what differs'],
    ['trainyard project sync churn --to-folder', 'then look at it with git diff'],
  ])
}
