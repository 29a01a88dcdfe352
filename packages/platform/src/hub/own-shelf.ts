import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

let found: string | undefined

/** The folder of the functions we ship: beside `dist/` in a published package, at the top of a clone. */
export function ownShelf(): string {
  if (found !== undefined) return found
  let folder = fileURLToPath(new URL('.', import.meta.url))
  for (let depth = 0; depth < 8; depth++, folder = join(folder, '..')) {
    const candidate = join(folder, 'hub')
    if (existsSync(join(candidate, 'catalog.json')) && existsSync(join(candidate, 'describe', 'function.yaml')))
      return (found = candidate)
  }
  throw new Error('the shelf of functions is missing from this installation')
}
