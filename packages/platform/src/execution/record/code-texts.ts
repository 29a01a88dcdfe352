import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CodeVersion } from '@trainyard/contract'
import type { DataDirectory } from '../../base/data-directory.ts'
import type { CodeSnapshot } from './code-version.ts'

/**
 * Scripts and uncommitted diffs, kept once by content in `<data>/code/<sha256>`: a thousand runs of one file cost one copy.
 */
const folderOf = (directory: DataDirectory): string => join(directory.path, 'code')

async function keep(directory: DataDirectory, bytes: Uint8Array): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const target = join(folderOf(directory), sha256)
  if (!existsSync(target)) {
    await mkdir(folderOf(directory), { recursive: true })
    // Two runs of one script may begin at the same moment in one process.
    const temporary = `${target}.${randomUUID()}`
    await writeFile(temporary, bytes)
    await rename(temporary, target)
  }
  return sha256
}

export async function keepCodeTexts(directory: DataDirectory, snapshot: CodeSnapshot): Promise<CodeVersion> {
  if (snapshot.script !== undefined) await keep(directory, snapshot.script)
  const diffSha256 = snapshot.diff === undefined ? undefined : await keep(directory, Buffer.from(snapshot.diff))
  return { ...snapshot.version, ...(diffSha256 === undefined ? {} : { diffSha256 }) }
}

/** The kept text, or undefined when it was too large to keep or lies in another data directory. */
export function readCodeText(directory: DataDirectory, sha256: string): string | undefined {
  const path = join(folderOf(directory), sha256)
  return /^[0-9a-f]{64}$/.test(sha256) && existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
