import { AppError } from './errors.ts'

const longestProjectName = 500

/**
 * Refuses a name under which a project could not be reached: it stands in addresses (`/projects/<name>/…`) and is a folder's name.
 * Projects that are there already keep theirs.
 */
export function checkProjectName(name: string): void {
  const shown = name.length > 40 ? `${name.slice(0, 40)}…` : name
  const refuse = (reason: string): never => {
    throw new AppError(
      'invalid_argument',
      `The project name '${shown}' ${reason}; use letters, digits, dots, dashes and underscores, as in churn-model.`,
      { details: { what: 'project name' } },
    )
  }
  if (name === '') throw new AppError('invalid_argument', 'The project name is empty; give it at least one character.')
  if (name.length > longestProjectName) refuse(`has ${name.length} characters and ${longestProjectName} are allowed`)
  if (!name.isWellFormed()) refuse('is not valid text')
  const breaking = /[/\\?#%]/.exec(name)?.[0]
  if (breaking !== undefined) refuse(`holds a '${breaking}', which breaks addresses`)
  // oxlint-disable-next-line no-control-regex -- These are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(name)) refuse('holds a control character')
  if (name === '.' || name === '..') refuse('means a folder')
  if (name.trim() !== name) refuse('begins or ends with a space')
}
