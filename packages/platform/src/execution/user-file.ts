import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
import { AppError, isEndpoint, nearestName } from '@trainyard/contract'

export interface UserFile {
  /** Absolute. */
  script: string
  handler: string | undefined
}

/** `training.py`, `training.py:my_job` or `training.py` with a handler given apart. */
export function locateUserFile(command: string, handler: string | undefined, workingDirectory: string): UserFile {
  const colon = command.lastIndexOf(':')
  // A file whose own name holds a colon wins; `C:` of a drive is no handler.
  const split =
    colon > 1 && !existsSync(resolve(workingDirectory, command))
      ? { file: command.slice(0, colon), handler: command.slice(colon + 1) }
      : undefined
  const file = split?.file ?? command
  const script = resolve(workingDirectory, file)
  const status = statSync(script, { throwIfNoEntry: false })
  if (status === undefined)
    throw new AppError('invalid_argument', `There is no file ${file} in ${workingDirectory}.${suggestion(script)}`, {
      details: { type: 'missing_script' },
    })
  if (!status.isFile())
    throw new AppError('invalid_argument', `${file} is not a file; give the script to run.`, {
      details: { type: 'missing_script' },
    })
  if (split?.handler === '')
    throw new AppError(
      'invalid_argument',
      `${command} names no handler behind the colon: write ${file}:handler, or ${file} to run the whole file.`,
    )
  return { script, handler: split?.handler ?? handler }
}

function suggestion(script: string): string {
  const folder = dirname(script)
  if (!existsSync(folder)) return ` The folder ${folder} does not exist.`
  const names = readdirSync(folder).filter((name) => ['.py', '.ts', '.js', '.mjs', '.mts'].includes(extname(name)))
  const nearest = nearestName(basename(script), names)
  return nearest === undefined ? '' : ` Did you mean ${nearest}?`
}

/** The last part of the path; the host where there is none. */
const nameOfEndpoint = (address: string): string => {
  const { pathname, hostname } = new URL(address)
  return pathname.split('/').findLast((part) => part !== '') ?? hostname
}

/** What a run is called when nobody says: the file's name or the end of the address, with the handler when there is one. */
export const defaultRunName = ({ script, handler }: UserFile): string => {
  const base = isEndpoint(script) ? nameOfEndpoint(script) : basename(script, extname(script))
  return handler === undefined ? base : `${base}-${handler.replaceAll(/[^\w.-]+/g, '-')}`
}
