import { AppError } from '@trainyard/contract'
import { systemErrorCode, systemReason } from './errors.ts'

/** Imports a package that users install only when they need it; a missing one becomes a sentence with the command to type. */
export async function importOptional<T>(load: () => Promise<T>, packages: string, purpose: string): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const missing = systemErrorCode(error) === 'ERR_MODULE_NOT_FOUND'
    throw new AppError(
      'failed_precondition',
      missing
        ? `${purpose} need the package ${packages}, which is not installed: run npm install ${packages}.`
        : `${purpose} need the package ${packages}, which cannot be loaded: ${systemReason(error)}.`,
      { cause: error },
    )
  }
}
