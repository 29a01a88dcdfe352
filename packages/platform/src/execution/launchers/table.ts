import { extname } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Language, Launcher } from './launcher.ts'
import { nodeLauncher } from './node.ts'
import { pythonLauncher } from './python.ts'

/** Every language user code may be written in; a language without a launcher does not compile. */
export const launchers = { python: pythonLauncher, node: nodeLauncher } satisfies Record<Language, Launcher>

export function launcherFor(file: string): Launcher {
  const ending = extname(file).toLowerCase()
  const all: Launcher[] = Object.values(launchers)
  const launcher = all.find(({ fileEndings }) => fileEndings.includes(ending))
  if (launcher) return launcher
  throw new AppError(
    'invalid_argument',
    `Cannot run ${file}: its name should end in ${all.flatMap(({ fileEndings }) => fileEndings).join(', ')}.`,
  )
}
