import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { findPython } from '../execution/index.ts'
import { type ProjectFile } from './project-file.ts'

export interface SetupOptions {
  /** Where the Python package lies. */
  pythonPath: string
  environment: Readonly<Record<string, string | undefined>>
  secrets: Readonly<Record<string, string>>
  onOutput(text: string): void
}

export const setupFileName = 'project_setup.py'
const patienceMs = 600_000

/**
 * Runs `setup(project)` of the folder's `project_setup.py`, when there is one, and gives the project as it left it, with the secrets it
 * set. The project it is handed knows what MLRun's does to describe itself; anything else is refused by name.
 */
export async function runSetup(
  file: ProjectFile,
  folder: string,
  options: SetupOptions,
): Promise<{ file: ProjectFile; secrets: Record<string, string> }> {
  if (!existsSync(join(folder, setupFileName))) return { file, secrets: {} }
  const { executable } = findPython({ environment: options.environment, workingDirectory: folder })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = execFile(
    executable,
    ['-m', 'trainyard.project_setup', folder],
    {
      cwd: folder,
      env: { ...options.environment, PYTHONPATH: options.pythonPath },
      timeout: patienceMs,
      maxBuffer: 64 * 1024 * 1024,
    },
    (error, stdout, stderr) => {
      options.onOutput(stderr)
      if (error === null) return resolve(stdout)
      const last = stderr.trim().split('\n').at(-1) ?? ''
      reject(
        new AppError('failed_precondition', `${setupFileName} failed: ${last === '' ? error.message : last}`, { cause: error }),
      )
    },
  )
  // One that has ended before it read says so by its code.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(JSON.stringify({ name: file.name, metadata: file.metadata, spec: file.spec, secrets: options.secrets }))
  const told = JSON.parse((await promise).split('\n').findLast((line) => line.startsWith('{')) ?? '{}') as JsonValue
  if (!isJsonObject(told)) throw new AppError('internal', `${setupFileName} told nothing.`)
  const part = (name: string): JsonObject => (isJsonObject(told[name]) ? told[name] : {})
  return {
    file: { name: file.name, metadata: part('metadata'), spec: part('spec') },
    secrets: part('secrets') as Record<string, string>,
  }
}
