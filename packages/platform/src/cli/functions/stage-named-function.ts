import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { AppError, Task } from '@trainyard/contract'
import { imageState, isMissing } from '../../execution/index.ts'
import { overFunction, printFunctionReference, stageFunction } from '../../functions/index.ts'
import type { Cli } from '../cli.ts'
import type { RunOptions } from '../run/run-options.ts'
import { getNamed } from './look.ts'
import { type FunctionSession, openFunctions, sourceOptions } from './function-session.ts'

export interface Staged {
  task: Task
  workingDirectory?: string
  functionReference?: string
  /** Each run works in a copy of it. */
  sharedFolder?: string
  /** What of the function could not be honoured, for the record. */
  choices?: Record<string, string>
  /** Its code is not to be had: what there is of the task, and why. */
  failure?: AppError
}

/** What a run of a function that is kept begins with: its code laid out here, and what was asked for over what it has. */
export async function stageNamedFunction(
  cli: Cli,
  text: string,
  asked: Task,
  { signal, options }: { signal: AbortSignal; options: RunOptions },
): Promise<Staged> {
  await using session = await openFunctions(cli)
  const version = await getNamed(session, text)
  const own = absolute(cli, asked)
  // Another machine lays its own functions out itself.
  if (session.remote !== undefined && options.on === 'server')
    return {
      task: own,
      functionReference: printFunctionReference({
        ...version,
        ...(version.isVersioned ? {} : { tag: version.tags[0] ?? 'latest' }),
      }),
    }
  const sources = sourceOptions(cli, session, folderOf(cli, session), signal)
  const staged = await stageFunction(version, { ...sources, imageState }, own).catch((error: unknown) => {
    if (isMissing(error)) return error
    throw error
  })
  if (staged instanceof Error) {
    const { name, project, reference } = version
    return { task: overFunction({ name, project, experiment: name, labels: { function: reference } }, own), failure: staged }
  }
  for (const note of staged.notes) cli.note(cli.errorStyle.dim(note))
  // Secrets are never told over the network, so a run here has none of those that the server keeps.
  if (session.remote !== undefined)
    for (const variable of Object.keys(staged.task.environmentSecrets ?? {}))
      if (cli.config.environment[variable] === undefined)
        cli.warn(`${variable} is a secret of the project that stays on the server: give it with --env ${variable}=…`)
  return {
    task: overFunction(staged.task, own),
    ...(staged.notes.length === 0 ? {} : { choices: { function: staged.notes.join('; ') } }),
    ...(staged.workingDirectory === undefined ? {} : { workingDirectory: staged.workingDirectory }),
    ...(staged.sharedFolder === undefined ? {} : { sharedFolder: staged.sharedFolder }),
  }
}

const folderOf = (cli: Cli, session: FunctionSession): string =>
  session.remote === undefined
    ? session.directory.path
    : join(cli.config.environment['XDG_CACHE_HOME'] ?? join(cli.config.environment['HOME'] ?? homedir(), '.cache'), 'trainyard')

/** Paths mean what they mean where the user is, wherever the function works. */
function absolute(cli: Cli, { outPath, ...task }: Task): Task {
  if (outPath === undefined) return task
  const isPath = !/^[a-z][a-z0-9+.-]+:\/\//i.test(outPath)
  return { ...task, outPath: isPath ? resolve(cli.workingDirectory, outPath) : outPath }
}
