import { extname } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Language, Launcher } from './launcher.ts'
import { endpointLauncher } from './endpoint.ts'
import { nodeHarnessFolder, nodeLauncher } from './node.ts'
import { programLauncher } from './program.ts'
import { pythonLauncher, pythonPackageFolder } from './python.ts'

/** What user code may be: a language without a launcher does not compile. */
export const launchers = {
  python: pythonLauncher,
  node: nodeLauncher,
  program: programLauncher,
  endpoint: endpointLauncher,
} satisfies Record<Language, Launcher>

/** The folder that a language's own harness is read from. */
export const harnessFolder = (language: Exclude<Language, 'program'>): string =>
  language === 'python' ? pythonPackageFolder() : nodeHarnessFolder()

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
