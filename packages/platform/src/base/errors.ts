import { AppError } from '@trainyard/contract'

/** The `code` of a Node.js system error (`ENOENT`), or undefined for anything else. */
export const systemErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const systemReasons: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
}

/** A plain-word reason for a failed system call, or an error's own, to be put behind a colon: without a full stop. */
export const systemReason = (error: unknown): string =>
  systemReasons[systemErrorCode(error) ?? ''] ?? messageOf(error).replace(/\.$/, '')

export const storageError = (what: string, error: unknown): AppError =>
  new AppError('storage', `${what}: ${systemReason(error)}.`, { cause: error })
