import { fileURLToPath } from 'node:url'
import { systemClock } from '../../base/clock.ts'
import type { DataDirectory } from '../../base/data-directory.ts'
import type { Ground } from '../../execution/index.ts'
import type { ObjectContext } from '../../objects/index.ts'
import type { Cli } from '../cli.ts'

/** The command that reaches this very program, for harnesses that call it back. */
const programCommand = (): string[] => {
  // Bundled as dist/cli/main.js beside bin/; from the sources one folder deeper.
  for (const relative of ['../../bin/trainyard.js', '../../../bin/trainyard.js', '../../../../bin/trainyard.js']) {
    const path = fileURLToPath(new URL(relative, import.meta.url))
    if (path.endsWith('/platform/bin/trainyard.js') || path.endsWith('/trainyard/bin/trainyard.js'))
      return [process.execPath, path]
  }
  return [process.execPath, process.argv[1] ?? 'trainyard']
}

export const groundOf = (cli: Cli, directory: DataDirectory, objects: ObjectContext): Ground => ({
  objects,
  directory,
  clock: systemClock,
  environment: cli.config.environment,
  workingDirectory: cli.workingDirectory,
  programCommand: programCommand(),
  owner: cli.config.userName,
})
