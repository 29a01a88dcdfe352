import { findPython, prepareRequirements } from '../execution/index.ts'
import { fetchSource, type FunctionVersion, notesOfCommands, requirementsOf, stageFunction } from '../functions/index.ts'
import { type BuildOptions, type BuildRecord, type BuildRequest, keyOf, lastBuild } from './build.ts'
import { packSource } from './pack-source.ts'

/** The cached environment of what the function asks for, and the source of a folder as one archive. */
export async function buildEnvironment(
  version: FunctionVersion,
  request: BuildRequest,
  options: BuildOptions,
): Promise<BuildRecord> {
  const { spec } = version
  const { runner } = request
  // What cannot be laid out cannot run: told here, not later.
  const staged = runner === undefined ? await stageFunction({ ...version, status: null }, options.sources) : undefined
  for (const note of staged?.notes ?? notesOfCommands(spec)) options.onLine(note)
  const fetched = spec.source === undefined ? undefined : await fetchSource(spec.source, options.sources)
  const isOwn = fetched !== undefined && fetched.revision === undefined && runner === undefined
  const packed = isOwn ? await packSource(fetched.folder, options.sources.cacheFolder) : undefined
  const python = findPython({
    ...(request.python === undefined ? {} : { requested: request.python }),
    environment: options.environment,
    workingDirectory: options.sources.objects.workingDirectory,
  }).executable
  const requirements = withRunner(requirementsOf(spec, fetched?.folder), runner)
  const key = keyOf('environment', requirements, packed?.sha256 ?? fetched?.revision ?? null, python)
  const prepared =
    requirements.length === 0
      ? undefined
      : await prepareRequirements({
          script: '',
          requirements,
          python,
          environment: { ...options.environment, ...request.secrets },
          workingDirectory: options.sources.objects.workingDirectory,
          onNote: options.onLine,
          signal: options.sources.signal,
        })
  const cached = prepared?.choices['environment'] ?? ''
  return {
    kind: 'environment',
    key,
    atMs: options.nowMs(),
    skipped: request.force !== true && lastBuild(version).key === key && !cached.startsWith('made now'),
    python: prepared?.python ?? python,
    ...(prepared === undefined ? {} : { environment: /\((\w+)\)/.exec(cached)?.[1] ?? '', requirements }),
    ...(packed === undefined ? {} : { source: packed.path }),
  }
}

/** A function that asks for nothing is carried out by what is there; one that asks for the runner itself says which. */
function withRunner(requirements: string[], runner: readonly string[] = []): string[] {
  if (requirements.length === 0) return []
  const asked = new Set(requirements.map(packageOf))
  return [...requirements, ...runner.filter((line) => !asked.has(packageOf(line)))]
}

const packageOf = (line: string): string => (/^[\w.-]+/.exec(line.trim())?.[0] ?? line).toLowerCase().replaceAll(/[._-]+/g, '-')
