import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import { AppError } from '@trainyard/contract'
import { hashFile } from '../objects/index.ts'

const largestBytes = 512 * 1024 * 1024
const leftOut = new Set([
  '.git',
  '.trainyard',
  '__pycache__',
  'node_modules',
  '.venv',
  'venv',
  '.mypy_cache',
  '.pytest_cache',
  '.ipynb_checkpoints',
])

/** Whether a file of a source is code of its own: not what tools leave there. */
export const belongs = (root: string, path: string): boolean =>
  !relative(root, path)
    .split(sep)
    .some((part) => leftOut.has(part))

/**
 * A folder as one archive that is the same for the same files: names in order, no owners, no times. Links are left out. Kept under its
 * own hash; the path of it. `invalid_argument` beyond 512 MiB.
 */
export async function packSource(folder: string, cacheFolder: string): Promise<{ path: string; sha256: string }> {
  const files = await filesOf(folder)
  if (files.length === 0) throw new AppError('invalid_argument', `The source ${folder} has no files.`)
  await mkdir(cacheFolder, { recursive: true })
  const fresh = join(cacheFolder, `packing-${process.pid}-${Math.random().toString(36).slice(2)}.tar.gz`)
  try {
    const { create } = await import('tar')
    await create(
      { file: fresh, cwd: folder, gzip: { level: 6, portable: true }, portable: true, mtime: new Date(0), noDirRecurse: true },
      files,
    )
    const { sha256 } = await hashFile(fresh)
    const path = join(cacheFolder, `source-${sha256.slice(0, 24)}.tar.gz`)
    if (!existsSync(path)) await rename(fresh, path)
    return { path, sha256 }
  } finally {
    await rm(fresh, { force: true })
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const found: string[] = []
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || !belongs(folder, path)) continue
    bytes += (await stat(path)).size
    if (bytes > largestBytes)
      throw new AppError(
        'invalid_argument',
        `The source ${folder} is larger than 512 MiB; keep data out of it, or name a repository.`,
      )
    found.push(relative(folder, path))
  }
  return found.toSorted()
}

/** The files of a source in a build's context. */
export const copySource = (folder: string, target: string): Promise<void> =>
  cp(folder, target, { recursive: true, filter: (path) => belongs(folder, path) && !basename(path).startsWith('.trainyard') })
