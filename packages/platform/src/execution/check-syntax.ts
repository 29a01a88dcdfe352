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

/** Both read the code from standard input, compile it and run nothing of it, and print what is wrong with it. */
const pythonCheck = `
import sys
try:
    compile(sys.stdin.buffer.read(), "code", "exec", dont_inherit=True)
except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
    line = getattr(error, "lineno", None)
    print(("line %d: " % line if line else "") + str(getattr(error, "msg", None) or error))
`
/**
 * As Node loads a file of that ending: a module, a CommonJS one, or (`.js`, `.ts`) the latter unless only a module can be meant. Not
 * `node --check`, which finds no module on standard input and in a file asks the package.json above it.
 */
const nodeCheck = `
const { stripTypeScriptTypes } = require('node:module')
const { compileFunction, SourceTextModule } = require('node:vm')
const ending = process.argv[1]
const asModule = (code) => new SourceTextModule(code, { identifier: 'code' })
const asCommonJs = (code) =>
  compileFunction(code.replace(/^#!.*/, ''), ['exports', 'require', 'module', '__filename', '__dirname'], { filename: 'code' })
function problemOf(compile, code) {
  try {
    compile(code)
  } catch (error) {
    const line = /^code:([0-9]+)/.exec(error.stack)
    return (line ? 'line ' + line[1] + ': ' : '') + error.message
  }
}
function check(code) {
  const common = ending.startsWith('.m') ? undefined : problemOf(asCommonJs, code)
  if (ending.startsWith('.c') || (common === undefined && !ending.startsWith('.m'))) return common
  const problem = problemOf(asModule, code)
  return problem !== undefined && common !== undefined && !/import|export|await/.test(common) ? common : problem
}
let code = require('node:fs').readFileSync(0, 'utf8')
let problem = ending.endsWith('ts') ? problemOf((typed) => { code = stripTypeScriptTypes(typed) }, code) : undefined
problem ??= check(code)
if (problem !== undefined) console.log(problem)
`

function checkerFor(file: string, ground: Pick<Ground, 'environment' | 'workingDirectory'>): Checker | undefined {
  const ending = extname(file).toLowerCase()
  if (launchers.python.fileEndings.includes(ending)) {
    const command = findPython(ground).executable
    return { language: 'Python', command, arguments: ['-I', '-S', '-c', pythonCheck] }
  }
  if (!launchers.node.fileEndings.includes(ending)) return undefined
  const language = ending.endsWith('ts') ? 'TypeScript' : 'JavaScript'
  return {
    language,
    command: process.execPath,
    arguments: ['--no-warnings', '--experimental-vm-modules', '--eval', nodeCheck, ending],
  }
}

const longestMs = 10_000

/**
 * Refuses code that its language cannot read, before work that is to run it later; nothing of it is run. A start of Python or Node (20 to
 * 100 ms). `invalid_argument` with what the language says, and the line where it tells it. Where there is no interpreter to ask, nothing is
 * refused.
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
