import { AppError } from '@trainyard/contract'

export const latestTag = 'latest'
const longestName = 500
const longestTag = 255

/** Projects may be called whatever their records allow. */
export function checkProjectName(name: string): void {
  if (name === '' || name.length > longestName || name.includes('\0') || !name.isWellFormed())
    throw new AppError('invalid_argument', `The project name must have 1 to ${longestName} characters, and no NUL among them.`)
}

/** Refuses what cannot be a name. Slashes, colons and `@` would make `project/name:tag@hash` say something else. */
export function checkDefinitionName(what: string, name: string): void {
  const shown = name.length > 40 ? `${name.slice(0, 40).toWellFormed()}…` : name
  const refuse = (reason: string): never => {
    throw new AppError('invalid_argument', `The ${what} '${shown}' ${reason}.`, { details: { what } })
  }
  if (name === '') throw new AppError('invalid_argument', `The ${what} is empty; give it at least one character.`)
  if (name.length > longestName) refuse(`has ${name.length} characters; ${longestName} are allowed`)
  if (/[\s/:@#?%\\\0]/.test(name)) refuse('may not have spaces nor any of / : @ # ? % \\')
  if (/^\.+$/.test(name)) refuse('has dots only; give it a letter')
  if (!name.isWellFormed()) refuse('is not valid text (it holds half of a surrogate pair)')
}

/** Refuses what cannot be a tag. */
export function checkTag(tag: string): void {
  checkDefinitionName('tag', tag)
  if (tag.length > longestTag)
    throw new AppError(
      'invalid_argument',
      `The tag '${tag.slice(0, 40)}…' has ${tag.length} characters; ${longestTag} are allowed.`,
    )
  if (tag === '*') throw new AppError('invalid_argument', `The tag '*' means every tag; choose another.`)
}

export const slotOf = (tag: string): string => `unversioned-${tag}`
export const isUnversioned = (slot: string): boolean => slot.startsWith('unversioned-')
