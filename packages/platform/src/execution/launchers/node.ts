import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jsonLine, type Launcher } from './launcher.ts'

/** The harness of the SDK: bundled in the SDK's `dist/`, found from the sources of a clone as from a published package. */
function findHarness(): string {
  let folder = fileURLToPath(new URL('.', import.meta.url))
  for (let depth = 0; depth < 8; depth++, folder = join(folder, '..')) {
    for (const candidate of [
      join(folder, 'sdk', 'dist', 'harness.js'),
      join(folder, 'node_modules', '@trainyard', 'sdk', 'dist', 'harness.js'),
    ]) {
      if (existsSync(candidate)) return candidate
    }
  }
  throw new Error('the harness for TypeScript handlers is missing from this installation')
}

export const nodeHarnessFolder = (): string => dirname(findHarness())

export const nodeLauncher: Launcher = {
  language: 'node',
  fileEndings: ['.ts', '.mts', '.js', '.mjs', '.cts', '.cjs'],
  canFork: false,
  message: jsonLine,
  plan: (job, context) => ({
    command: context.interpreter,
    arguments: ['--disable-warning=ExperimentalWarning', findHarness()],
    environment: {
      TRAINYARD_CONTROL_FD: '3',
      TRAINYARD_CLI: JSON.stringify(context.programCommand),
      TRAINYARD_HOME: context.dataDirectory,
    },
    workingDirectory: context.workingDirectory,
    job,
    choices: context.choices,
  }),
}
