import { existsSync, mkdirSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { newRunId } from '@trainyard/contract/ids'
import type { JournalStart, JsonObject } from '@trainyard/contract'
import { toJsonValue } from '../journal/json-value.ts'
import type { RunPlace } from './place.ts'
import { say } from './recorder.ts'

export interface BareRunOptions {
  project?: string
  experiment?: string
  parameters?: Readonly<Record<string, unknown>>
  labels?: Readonly<Record<string, string>>
  /** Default: `TRAINYARD_HOME`, else the nearest `.trainyard` upwards, else one made in the working folder. */
  dataDirectory?: string
}

const defaultProject = 'default'

/** The same rule as the command line's. */
export function locateDataDirectory(given: string | undefined, workingDirectory: string): string {
  const chosen = given || process.env['TRAINYARD_HOME']
  if (chosen) return resolve(workingDirectory, chosen)
  for (let folder = resolve(workingDirectory); ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.trainyard'))) return join(folder, '.trainyard')
    if (dirname(folder) === folder) return join(resolve(workingDirectory), '.trainyard')
  }
}

/** The place of a run that no supervisor started: the next `trainyard` command takes it in. */
export function makeBareRun(name: string | undefined, options: BareRunOptions): RunPlace {
  const dataDirectory = locateDataDirectory(options.dataDirectory, process.cwd())
  const created = !existsSync(dataDirectory)
  const id = newRunId(Date.now())
  const project = options.project ?? (process.env['TRAINYARD_PROJECT'] || defaultProject)
  const script = process.argv[1]
  const place: RunPlace = {
    role: 'bare',
    id,
    name: name ?? (script ? basename(script, extname(script)) : 'session'),
    project,
    experiment: options.experiment ?? '',
    iteration: 0,
    attempt: 1,
    labels: { ...options.labels },
    parameters: (toJsonValue(options.parameters ?? {}) ?? {}) as JsonObject,
    inputs: {},
    secrets: {},
    outPath: join(dataDirectory, 'artifacts', project, id),
    runDirectory: join(dataDirectory, 'runs', id),
  }
  try {
    mkdirSync(join(dataDirectory, 'artifacts'), { recursive: true })
    mkdirSync(place.runDirectory, { recursive: true })
    if (created) say(`Made the data directory ${dataDirectory}.`)
  } catch (error) {
    say(`Cannot use the data directory ${dataDirectory}: ${(error as Error).message}. Nothing of this run will be recorded.`)
  }
  return place
}

export function startOfBareRun(place: RunPlace): JournalStart {
  const { id, name, project, experiment, parameters } = place
  const run = { id, name, project, ...(experiment === '' ? {} : { experiment }), parameters }
  return { ...startOfProcess(process.argv[1], process.argv.slice(2)), run }
}

/** What ran, for the record. */
export function startOfProcess(file: string | undefined, args: string[], handler?: string): JournalStart {
  return {
    pid: process.pid,
    source: {
      ...(file === undefined ? {} : { file: resolve(file) }),
      ...(handler === undefined ? {} : { handler }),
      arguments: args,
      workingDirectory: process.cwd(),
    },
    interpreter: {
      language: 'node',
      version: process.versions.node,
      implementation: 'v8',
      implementationVersion: process.versions.v8,
      executable: process.execPath,
    },
  }
}
