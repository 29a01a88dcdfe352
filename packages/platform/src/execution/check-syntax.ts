import { execFile } from 'node:child_process'
import { extname } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Ground } from './execution.ts'
import { findPython } from './interpreter.ts'
import { launchers } from './launchers/table.ts'

interface Checker {
  language: string
  command: string
  arguments: readonly string[]
}

/** Both read the code from standard input, run nothing of it, and print what is wrong with it. */
const pythonCheck = `
import ast, sys
try:
    ast.parse(sys.stdin.buffer.read())
except (SyntaxError, ValueError, RecursionError) as error:
    line = getattr(error, "lineno", None)
    print(("line %d: " % line if line else "") + str(getattr(error, "msg", None) or error))
`
const nodeCheck = `
const { stripTypeScriptTypes } = require('node:module')
const { readFileSync } = require('node:fs')
try {
  stripTypeScriptTypes(readFileSync(0, 'utf8'))
} catch (error) {
  console.log(error.message)
}
`

function checkerFor(file: string, ground: Pick<Ground, 'environment' | 'workingDirectory'>): Checker | undefined {
  const ending = extname(file).toLowerCase()
  if (launchers.python.fileEndings.includes(ending)) {
    const command = findPython(ground).executable
    return { language: 'Python', command, arguments: ['-I', '-S', '-c', pythonCheck] }
  }
  if (!launchers.node.fileEndings.includes(ending)) return undefined
  const language = ending.endsWith('ts') ? 'TypeScript' : 'JavaScript'
  return { language, command: process.execPath, arguments: ['--no-warnings', '--eval', nodeCheck] }
}

const longestMs = 10_000

/**
 * Refuses code that its language cannot read, before work that is to run it later; nothing of it is run. A start of Python or Node (20 to
 * 100 ms). `invalid_argument` with the line, or what the language says. Where there is no interpreter to ask, nothing is refused.
 */
export async function checkSyntax(
  code: string,
  file: string,
  ground: Pick<Ground, 'environment' | 'workingDirectory'>,
): Promise<void> {
  let checker: Checker | undefined
  try {
    checker = checkerFor(file, ground)
  } catch (error) {
    if (error instanceof AppError) return
    throw error
  }
  if (checker === undefined) return
  const problem = (await told(checker, code)).trim().split('\n', 1)[0]!
  if (problem !== '')
    throw new AppError('invalid_argument', `${file} is no ${checker.language}: ${problem.slice(0, 200).replace(/\.$/, '')}.`)
}

/** What a checker prints; nothing where it cannot be started or does not end. */
const told = ({ command, arguments: words }: Checker, code: string): Promise<string> =>
  new Promise((resolve) => {
    const child = execFile(command, words, { timeout: longestMs, env: {} }, (_error, stdout) => resolve(stdout))
    // One that does not read to the end has told what it has to tell.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(code)
  })
