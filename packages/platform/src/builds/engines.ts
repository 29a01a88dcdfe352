import { accessSync, constants } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { AppError } from '@trainyard/contract'

/** A program that builds OCI images. */
export interface BuildEngine {
  name: 'buildah' | 'podman' | 'docker'
  /** Builds the context's Dockerfile and answers the image's id. */
  build(request: EngineBuild): Promise<string>
  /** Whether an image is here. */
  has(image: string): Promise<boolean>
  /** Sends an image to its registry; the digest it has there. */
  push(image: string, request: EngineCall): Promise<string | null>
}

export interface EngineCall {
  onLine: (line: string) => void
  signal: AbortSignal
  /** A folder for the engine's own small files. */
  scratch: string
}

export interface EngineBuild extends EngineCall {
  context: string
  image: string
  /** Name to the file that holds the value. */
  secrets: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string | undefined>>

const engineNames = ['buildah', 'podman', 'docker'] as const

const isOnPath = (name: string, environment: Environment): boolean =>
  (environment['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return true
      } catch {
        return false
      }
    })

/**
 * What builds images here: buildah, podman, or docker where its daemon answers; undefined where nothing does. With `wanted`, that one or
 * a refusal.
 */
export async function findEngine(environment: Environment, wanted?: string): Promise<BuildEngine | undefined> {
  if (wanted !== undefined && !engineNames.some((name) => name === wanted))
    throw new AppError('invalid_argument', `There is no build engine ${wanted}; there are ${engineNames.join(', ')}.`)
  for (const name of engineNames) {
    if ((wanted !== undefined && wanted !== name) || !isOnPath(name, environment)) continue
    const engine = engineOf(name, environment)
    if (name !== 'docker' || (await answers(environment))) return engine
  }
  if (wanted === undefined) return undefined
  throw new AppError('failed_precondition', `${wanted} is not installed here, or its daemon does not answer.`)
}

async function answers(environment: Environment): Promise<boolean> {
  const { execa } = await import('execa')
  const { failed } = await execa('docker', ['info'], {
    env: plain(environment),
    extendEnv: false,
    reject: false,
    timeout: 10_000,
  })
  return !failed
}

const plain = (environment: Environment): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined))

function engineOf(name: BuildEngine['name'], environment: Environment): BuildEngine {
  const isDocker = name === 'docker'
  const env: Record<string, string> = {
    ...plain(environment),
    ...(isDocker ? { DOCKER_BUILDKIT: '1' } : {}),
    // Needs neither user name spaces nor a runtime: it works in containers too.
    ...(isDocker || environment['BUILDAH_ISOLATION'] !== undefined ? {} : { BUILDAH_ISOLATION: 'chroot' }),
  }
  const call = async (words: string[], { onLine, signal }: EngineCall): Promise<void> => {
    const { execa } = await import('execa')
    const child = execa(name, words, {
      env,
      extendEnv: false,
      all: true,
      stdin: 'ignore',
      cancelSignal: signal,
      reject: false,
      buffer: false,
    })
    let last = ''
    for await (const line of child.iterable({ from: 'all' })) {
      if (line.trim() !== '') last = line.trim()
      onLine(line)
    }
    const { exitCode, failed } = await child
    signal.throwIfAborted()
    if (failed) throw new AppError('failed_precondition', `${name} ${words[0]} failed: ${reasonOf(last, exitCode)}.`)
  }
  return {
    name,
    build: async (request) => {
      const { context, image, secrets, scratch } = request
      const ids = join(scratch, 'image-id')
      const mounts = Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`])
      await call(['build', '--file', join(context, 'Dockerfile'), '--tag', image, '--iidfile', ids, ...mounts, context], request)
      return (await readFile(ids, 'utf8')).trim()
    },
    has: async (image) => {
      const { execa } = await import('execa')
      const words = name === 'buildah' ? ['inspect', '--type', 'image', image] : ['image', 'inspect', image]
      const { failed } = await execa(name, words, { env, extendEnv: false, reject: false, stdin: 'ignore' })
      return !failed
    },
    push: async (image, request) => {
      if (isDocker) {
        await call(['push', image], request)
        return null
      }
      const digest = join(request.scratch, 'digest')
      const insecure = environment['TRAINYARD_INSECURE_REGISTRY'] === 'yes' ? ['--tls-verify=false'] : []
      await call(['push', ...insecure, '--digestfile', digest, image], request)
      return (await readFile(digest, 'utf8')).trim()
    },
  }
}

/** The last line that an engine printed, without its own prefixes. */
const reasonOf = (line: string, exitCode: number | undefined): string =>
  line
    .replace(/^(?:error|fatal)(?:\[\d+\])?:\s*/i, '')
    .replace(/\.$/, '')
    .slice(0, 400) || `it ended with ${exitCode ?? 'a signal'}`
