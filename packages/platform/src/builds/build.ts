import { createHash } from 'node:crypto'
import type { JsonObject, JsonValue } from '@trainyard/contract'
import { supervisorStatus } from '../execution/index.ts'
import type { Functions, FunctionVersion, SourceOptions } from '../functions/index.ts'

export interface BuildRequest {
  /** `auto`: an image where an engine and a base image are there, else the environment. */
  what?: 'auto' | 'image' | 'environment'
  /** buildah, podman or docker; the first one that is here unless said. */
  engine?: string
  /** The name of the image: `registry/name:tag`. */
  image?: string
  push?: boolean
  /** Values by name: variables of commands and installers while they run, in no layer and no log. */
  secrets?: Readonly<Record<string, string>>
  /** Builds also what is there. */
  force?: boolean
  /** Name or path of a Python, for environments. */
  python?: string
  /**
   * Packages of a program that carries the function out, installed beside what the function asks for. How the code is laid out is that
   * program's business then, and not looked at.
   */
  runner?: readonly string[]
}

export interface BuildOptions {
  functions: Pick<Functions, 'setStatus'>
  sources: SourceOptions
  /** Logs are kept below it, one for each version. */
  folder: string
  environment: Readonly<Record<string, string | undefined>>
  onLine: (line: string) => void
  /** Called with what was built before its state says so. */
  onBuilt?: (record: BuildRecord) => Promise<void>
  nowMs: () => number
}

/** What was built: the part `build` of the function's status. */
export interface BuildRecord {
  kind: 'image' | 'environment'
  /** Of all that goes in: the same key is not built again. */
  key: string
  atMs: number
  /** Nothing had changed. */
  skipped: boolean
  image?: string
  imageId?: string
  digest?: string
  engine?: string
  /** The key of the cached environment, and its interpreter. */
  environment?: string
  python?: string
  /** All that was installed. */
  requirements?: string[]
  /** The packed source, which runs use from then on. */
  source?: string
}

/** Equal for equal parts. */
export const keyOf = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

export const lastBuild = ({ status }: Pick<FunctionVersion, 'status'>): Partial<BuildRecord> =>
  (status?.['build'] ?? {}) as Partial<BuildRecord>

/** How the build of a function stands, with the reason of an error; null for one that was never built. */
export function buildStateOf(status: JsonObject | null): { state: string | null; reason: string | null } {
  const told = (key: string): string | null => (typeof status?.[key] === 'string' ? status[key] : null)
  if (told('state') === 'building' && !isAtWork(status?.['builder']))
    return { state: 'error', reason: 'What built it ended before it was done: build it again.' }
  return { state: told('state'), reason: told('reason') }
}

/** Of one on another machine we see nothing, and believe it. */
function isAtWork(builder: JsonValue | undefined): boolean {
  if (typeof builder !== 'object' || builder === null || Array.isArray(builder)) return false
  const { host, bootId, pid, startTicks } = builder
  if (typeof host !== 'string' || typeof bootId !== 'string' || typeof pid !== 'number' || typeof startTicks !== 'number')
    return false
  return supervisorStatus({ host, bootId, pid, startTicks, heartbeatAtMs: 0 }) !== 'gone'
}
