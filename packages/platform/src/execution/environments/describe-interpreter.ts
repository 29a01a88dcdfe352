import { AppError } from '@trainyard/contract'
import { execa, type ExecaError } from 'execa'

/** What tells one Python from another, as far as installed packages care. */
export interface InterpreterIdentity {
  /** The real path of the base interpreter: the same one behind links, shims and virtual environments. */
  path: string
  /** `3.11.7` */
  version: string
  /** `cpython` */
  implementation: string
  /** `linux-x86_64` */
  platform: string
  /** ABI tag such as `cp311` with its flags; differs for free-threaded and debug builds. */
  abi: string
}

const question = `
import json, os, platform, sys, sysconfig
print(json.dumps({
    "path": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "version": platform.python_version(),
    "implementation": sys.implementation.name,
    "platform": sysconfig.get_platform(),
    "abi": str(sys.implementation.cache_tag) + str(getattr(sys, "abiflags", "")),
}))
`

const oldest = [3, 9] as const

/** Asks the interpreter itself (about 20 ms). Refuses what is no Python or older than 3.9. */
export async function describeInterpreter(
  executable: string,
  options: { signal?: AbortSignal } = {},
): Promise<InterpreterIdentity> {
  let answer: InterpreterIdentity
  try {
    const { stdout } = await execa(executable, ['-I', '-S', '-c', question], {
      timeout: 30_000,
      ...(options.signal ? { cancelSignal: options.signal } : {}),
    })
    answer = JSON.parse(stdout) as InterpreterIdentity
  } catch (error) {
    if (options.signal?.aborted) throw new AppError('aborted', 'Preparing the environment was cancelled.', { cause: error })
    const reason = (error as Partial<ExecaError>).shortMessage ?? 'its answer makes no sense'
    throw new AppError('failed_precondition', `${executable} is not a working Python: ${reason}.`, { cause: error })
  }
  const [major = 0, minor = 0] = answer.version.split('.').map(Number)
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw new AppError(
      'failed_precondition',
      `${executable} is Python ${answer.version}; Trainyard needs Python ${oldest.join('.')} or newer.`,
    )
  }
  return answer
}
