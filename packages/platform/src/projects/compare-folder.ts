import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesOf, type Writable, type WritePlace } from './write-project.ts'

export interface ProjectDifference {
  path: string
  /** Where it is, or that both have it and differ. */
  state: 'only in the records' | 'differs'
}

/** What `writeProject` would change in a folder. Empty when the folder says what the records say. */
export async function compareFolder(writable: Writable, place: WritePlace): Promise<ProjectDifference[]> {
  const found: ProjectDifference[] = []
  for (const [path, text] of await filesOf(writable, place)) {
    const there = join(place.folder, path)
    if (!existsSync(there)) found.push({ path, state: 'only in the records' })
    else if (readFileSync(there, 'utf8') !== text) found.push({ path, state: 'differs' })
  }
  return found
}
