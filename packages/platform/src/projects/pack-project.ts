import { createWriteStream, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { AppError } from '@trainyard/contract'

const leftOut = /(?:^|\/)(?:\.git|\.trainyard|__pycache__|node_modules)(?:\/|$)/

/** Packs a folder into a `.zip`, `.tar` or `.tar.gz`; repositories, data directories and caches in it are left out. */
export async function packProject(folder: string, path: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((name) => !leftOut.test(name))
    .toSorted()
  if (/\.(?:tar|tar\.gz|tgz)$/i.test(path)) {
    const { create } = await import('tar')
    await create({ file: path, cwd: folder, gzip: !/\.tar$/i.test(path), portable: true }, files)
    return
  }
  if (!/\.zip$/i.test(path))
    throw new AppError('invalid_argument', `${path}: a project is packed as .zip, .tar or .tar.gz, or written into a folder.`)
  // A CommonJS package, whose names a bundle does not see.
  const { default: yazl } = await import('yazl')
  const archive = new yazl.ZipFile()
  for (const name of files) archive.addFile(join(folder, name), name)
  archive.end()
  await pipeline(archive.outputStream, createWriteStream(path))
}
