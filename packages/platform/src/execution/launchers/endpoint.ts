import { AppError, isEndpoint, type Task } from '@trainyard/contract'
import type { Launcher } from './launcher.ts'
import { nodeLauncher } from './node.ts'

/**
 * Refuses an address that cannot be called. A user name or password in it would stand in the record for everyone to read.
 */
export function checkEndpoint(command: string): string {
  const address = URL.canParse(command) ? new URL(command) : undefined
  if (address === undefined)
    throw new AppError(
      'invalid_argument',
      `${command} is no address of a function: write http://host:port, with a path where the server wants one.`,
    )
  if (address.username !== '' || address.password !== '')
    throw new AppError(
      'invalid_argument',
      'Take the user name and password out of the address: it is kept in the record of the run.',
    )
  if (address.hash !== '')
    throw new AppError('invalid_argument', `Take ${address.hash} out of the address: no server is sent it.`)
  return command
}

/** A function that a server runs, by its address: the harness of the SDK sends it the run and logs what it answers. */
export const endpointLauncher: Launcher = { ...nodeLauncher, language: 'endpoint', fileEndings: [] }

/** Refuses an address as what a server is to run: a server would be made to call whatever it can reach. */
export function refuseEndpoint({ command }: Task): void {
  if (command !== undefined && isEndpoint(command))
    throw new AppError(
      'invalid_argument',
      `${command} is called from where the run is asked for, not by a server, and so neither as a job nor on a schedule: run it here, with trainyard run alone, or have a script that calls it run there.`,
    )
}
