import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { RunError } from '@trainyard/contract'
import { messageOf } from '../base/errors.ts'
import type { Conclusion } from './conclude.ts'
import type { PreparedRun } from './prepared-run.ts'

/**
 * Why the harness never said a word: only asked after such a failure, so that a normal start pays nothing for it.
 * The usual reasons are a Python that is too old for the harness and something that is no Python at all.
 */
export async function diagnoseStart(run: PreparedRun, conclusion: Pick<Conclusion, 'error' | 'reason'>): Promise<RunError> {
  const known = conclusion.error ?? {
    type: 'start',
    message: conclusion.reason ?? 'the interpreter ended before the script began',
  }
  if (run.launcher.language !== 'python' || known.type === 'start') return known
  try {
    const { stdout } = await promisify(execFile)(run.interpreter, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], {
      timeout: 10_000,
    })
    const version = stdout.trim()
    const [major, minor] = version.split('.').map(Number)
    if (major === undefined || minor === undefined || Number.isNaN(minor)) {
      return { type: 'not_python', message: `${run.interpreter} is not a Python interpreter; name one with --python.` }
    }
    if (major < 3 || (major === 3 && minor < 9)) {
      return {
        type: 'python_too_old',
        message: `${run.interpreter} is Python ${version}; Trainyard needs 3.9 or newer. Name one with --python.`,
      }
    }
    return known
  } catch (error) {
    return {
      type: 'not_python',
      message: `${run.interpreter} does not work as a Python interpreter (${messageOf(error).split('\n', 1)[0]}); name one with --python.`,
    }
  }
}
