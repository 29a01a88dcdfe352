import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { execa, type ExecaError } from 'execa'
import { storageError } from '../base/errors.ts'

/** What MLflow's autologging needs beside the frameworks: the client without its server, tables for signatures, plots. */
const needed = ['mlflow-skinny', 'pandas', 'matplotlib']

/** Packages that the frameworks and MLflow share. Theirs are used, so MLflow's side must be made for the very same versions. */
const shared = `
  numpy pandas matplotlib pillow python-dateutil pytz tzdata packaging protobuf
  pyyaml requests urllib3 certifi idna charset-normalizer typing-extensions pydantic pydantic-core
  click cloudpickle cachetools sqlparse fastapi starlette uvicorn opentelemetry-api opentelemetry-sdk
  databricks-sdk
`
  .trim()
  .split(/\s+/)

const question = `
import importlib.metadata, importlib.util, json, sys
versions = {}
for name in json.loads(sys.argv[1]):
    try:
        versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps({"hasMlflow": importlib.util.find_spec("mlflow") is not None, "versions": versions}))
`

export interface AutologRequest {
  python: string
  environment: Readonly<Record<string, string | undefined>>
  onNote: (line: string) => void
  signal: AbortSignal
}

/**
 * MLflow for an interpreter that lacks it: a folder to be put behind the interpreter's own packages, from the cache of environments or
 * made now, for the versions that the interpreter has. Its own packages stay as they are. No folder when it has MLflow.
 */
export async function prepareAutologPackages(
  request: AutologRequest,
): Promise<{ folder?: string; choices: Record<string, string> }> {
  const { hasMlflow, versions } = await ask(request)
  if (hasMlflow) return { choices: { autolog: 'MLflow as the interpreter has it' } }
  const { environmentCacheDirectory, listedRequirements, prepareEnvironment } = await import('./environments/index.ts')
  const cacheDirectory = environmentCacheDirectory(request.environment)
  const constraints = Object.entries(versions)
    // A version of somebody's own making (`2.1+local`) is on no index.
    .filter(([, version]) => !version.includes('+'))
    .map(([name, version]) => `${name}==${version}\n`)
    .join('')
  const lines = constraints === '' ? needed : [`-c ${keepConstraints(cacheDirectory, constraints)}`, ...needed]
  const prepared = await prepareEnvironment({
    requirements: { ...listedRequirements(lines), source: '--autolog' },
    interpreter: { executable: request.python },
    cacheDirectory,
    environment: request.environment,
    onProgress: request.onNote,
    signal: request.signal,
  })
  return {
    folder: packagesOf(prepared.python),
    choices: { autolog: `mlflow-skinny behind the interpreter's own packages, from the environment ${prepared.key}` },
  }
}

async function ask({
  python,
  environment,
  signal,
}: AutologRequest): Promise<{ hasMlflow: boolean; versions: Record<string, string> }> {
  try {
    const { stdout } = await execa(python, ['-c', question, JSON.stringify(shared)], {
      timeout: 60_000,
      cancelSignal: signal,
      env: environment,
      extendEnv: false,
    })
    return JSON.parse(stdout) as { hasMlflow: boolean; versions: Record<string, string> }
  } catch (error) {
    if (signal.aborted) throw new AppError('aborted', 'Preparing the packages of --autolog was cancelled.', { cause: error })
    const reason = (error as Partial<ExecaError>).shortMessage ?? 'its answer makes no sense'
    throw new AppError('failed_precondition', `${python} does not tell which packages it has: ${reason}.`, { cause: error })
  }
}

/** Under a name that says what is in it: equal constraints make the same environment. */
function keepConstraints(cacheDirectory: string, text: string): string {
  const name = createHash('sha256').update(text).digest('hex').slice(0, 24)
  const path = join(dirname(cacheDirectory), 'constraints', `${name}.txt`)
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  } catch (error) {
    throw storageError(`Cannot write ${path}`, error)
  }
}

function packagesOf(python: string): string {
  const library = join(dirname(dirname(python)), 'lib')
  const version = readdirSync(library).find((name) => name.startsWith('python'))
  return join(library, version ?? 'python3', 'site-packages')
}
