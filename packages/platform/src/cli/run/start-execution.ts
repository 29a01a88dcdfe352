import { fileURLToPath } from 'node:url'
import type { Execution } from '../../execution/index.ts'
import { createExecution } from '../../platform.ts'
import type { Cli } from '../cli.ts'
import type { Session } from '../session.ts'

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

export const executionOf = (cli: Cli, session: Session): Execution =>
  createExecution({
    directory: session.directory,
    tracking: session.tracking,
    environment: cli.config.environment,
    workingDirectory: cli.workingDirectory,
    programCommand: programCommand(),
    owner: cli.config.userName,
  })
