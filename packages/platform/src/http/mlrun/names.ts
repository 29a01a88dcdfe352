import { createHash } from 'node:crypto'
import { runIdPattern } from '@trainyard/contract'
import { invalid } from './errors.ts'

/** Refuses a name for a new project that could not stand in an address. */
export function checkProjectName(name: string): string {
  if (/^[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/.test(name)) return name
  throw invalid(
    `The project name '${name.slice(0, 80)}' cannot stand in an address: it has 1 to 63 letters, digits, '-', '_' and '.', and begins and ends with a letter or digit.`,
  )
}

/** The id of a run's record. Clients choose any text for a uid, though almost always 32 digits. */
export function runIdOf(project: string, uid: string): string {
  if (runIdPattern.test(uid)) return uid
  if (!/^[\w.-]{1,255}$/.test(uid))
    throw invalid(`'${uid.slice(0, 80)}' is no uid of a run: it has letters, digits, '-', '_' and '.'.`)
  return createHash('sha256').update(`${project}\n${uid}`).digest('hex').slice(0, 32)
}

/** Names of functions are compared in lower case and with dashes. */
export const functionName = (name: string): string => name.toLowerCase().replaceAll('_', '-')

/** A tag may stand in a reference and in an address. */
export function checkTag(tag: string): string {
  if (/^[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/.test(tag)) return tag
  throw invalid(
    `The tag '${tag.slice(0, 80)}' is not one: it has 1 to 63 letters, digits, '-', '_' and '.', and begins and ends with a letter or digit.`,
  )
}
