import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import type { Requirements } from './environments/requirements.ts'

export interface RequirementsRequest {
  script: string
  /** From the task or the command line; wins over the script's own header. */
  requirements: readonly string[] | undefined
  python: string
  environment: Readonly<Record<string, string | undefined>>
  workingDirectory: string
  onNote: (line: string) => void
  signal: AbortSignal
}

/** The Python of the environment that a run asks for; undefined when it asks for none, which costs one look at the script. */
export async function prepareRequirements(
  request: RequirementsRequest,
): Promise<{ python: string; choices: Record<string, string> } | undefined> {
  const asked = request.requirements !== undefined && request.requirements.length > 0
  const script = asked ? '' : readFileSync(request.script, 'utf8')
  if (!asked && !script.includes('# /// script')) return undefined
  const { checkInterpreter, environmentCacheDirectory, prepareEnvironment } = await import('./environments/index.ts')
  const requirements = asked ? await askedRequirements(request) : await headerRequirements(request.script, script)
  if (requirements === undefined) return undefined
  if (requirements.lines.length === 0) {
    await checkInterpreter(requirements, request.python, request.signal)
    return undefined
  }
  const prepared = await prepareEnvironment({
    requirements,
    interpreter: { executable: request.python },
    cacheDirectory: environmentCacheDirectory(request.environment),
    environment: request.environment,
    onProgress: request.onNote,
    signal: request.signal,
  })
  return { python: prepared.python, choices: prepared.choices }
}

async function headerRequirements(path: string, text: string): Promise<Requirements | undefined> {
  const { scriptRequirements } = await import('./environments/index.ts')
  return scriptRequirements(text, path)
}

/** A pyproject.toml, a requirements file as `-r path`, or a list of packages. */
async function askedRequirements(request: RequirementsRequest): Promise<Requirements> {
  const { fileRequirements, listedRequirements, projectRequirements } = await import('./environments/index.ts')
  const lines = request.requirements ?? []
  const [only] = lines
  const path = only === undefined ? undefined : /^(?:-r\s+)?(.+\.(?:toml|txt|in))$/.exec(only.trim())?.[1]
  if (path === undefined) return listedRequirements(lines)
  if (lines.length > 1) throw new AppError('invalid_argument', 'Requirements are one file or a list of packages, not both.')
  const absolute = resolve(request.workingDirectory, path)
  return absolute.endsWith('.toml') ? projectRequirements(absolute) : fileRequirements(absolute)
}
