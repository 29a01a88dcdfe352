import { join } from 'node:path'
import { AppError } from '@trainyard/contract'
import { type BuildOptions, type BuildRequest, buildFunction, readBuildLog } from '../builds/index.ts'
import type { Functions, FunctionVersion, SourceOptions } from '../functions/index.ts'
import type { Holdings } from '../upkeep/index.ts'

export interface BuildsOptions {
  functions: Functions
  holdings: Holdings
  environment: Readonly<Record<string, string | undefined>>
  /** Whether code may be fetched from this machine and private networks, also without encryption. */
  allowPrivate: boolean
  nowMs: () => number
}

/** Builds that this server carries out, beside what it answers. Their state and log are kept; that one is under way is known here only. */
export interface FunctionBuilds extends AsyncDisposable {
  /** As `reserve`, for what is kept already. */
  start(version: FunctionVersion, request: BuildRequest): void
  /**
   * A place among the builds of this server, before what is to be built is kept. `already_exists` while one by the same reference is under
   * way or about to be, `failed_precondition` when all places are taken. Given back when disposed of without a start.
   */
  reserve(reference: string): BuildPlace
  isRunning(version: FunctionVersion): boolean
  /** Whole lines from a byte on, and the byte where the next part begins. */
  log(version: FunctionVersion, offset: number): Promise<{ text: string; next: number }>
  sources(signal: AbortSignal): SourceOptions
}

export interface BuildPlace extends Disposable {
  start(version: FunctionVersion, request: BuildRequest, onBuilt?: BuildOptions['onBuilt']): void
}

const mostAtATime = 4

export function createFunctionBuilds({ functions, holdings, environment, allowPrivate, nowMs }: BuildsOptions): FunctionBuilds {
  const stopping = new AbortController()
  const running = new Map<string, Promise<void>>()
  const reserved = new Set<string>()
  const folder = join(holdings.directory.path, 'builds')
  const sources = (signal: AbortSignal): SourceOptions => ({
    objects: holdings.objectContext,
    cacheFolder: join(holdings.directory.path, 'functions'),
    // Who asks may be on another machine: its paths are none of ours.
    allowLocal: false,
    allowPrivate,
    environment,
    signal,
  })
  const isRunning = ({ reference }: FunctionVersion): boolean => running.has(reference)
  const begin = (version: FunctionVersion, request: BuildRequest, onBuilt: BuildOptions['onBuilt']): void => {
    const work = buildFunction(version, request, {
      functions,
      sources: sources(stopping.signal),
      folder,
      environment,
      onLine: () => undefined,
      ...(onBuilt === undefined ? {} : { onBuilt }),
      nowMs,
    })
    const settled = work.then(
      () => undefined,
      // The function's state and log tell it; there is nobody left to throw to.
      () => undefined,
    )
    running.set(
      version.reference,
      settled.finally(() => running.delete(version.reference)),
    )
  }
  const reserve = (reference: string): BuildPlace => {
    if (running.has(reference) || reserved.has(reference))
      throw new AppError(
        'already_exists',
        `A build of ${reference.replace('db://', '')} is under way: ask again when it has ended.`,
      )
    if (running.size + reserved.size >= mostAtATime)
      throw new AppError('failed_precondition', `${mostAtATime} builds are under way on this server; ask again when one is done.`)
    reserved.add(reference)
    const leave = (): boolean => reserved.delete(reference)
    return {
      start(version, request, onBuilt) {
        if (leave()) begin(version, request, onBuilt)
      },
      [Symbol.dispose]: () => void leave(),
    }
  }
  return {
    sources,
    isRunning,
    reserve,
    start(version, request) {
      using place = reserve(version.reference)
      place.start(version, request)
    },
    async log(version, offset) {
      // Looked at first: what is read after the end is all there is.
      const isGoingOn = isRunning(version)
      const bytes = await readBuildLog(folder, version, offset)
      const whole = isGoingOn ? bytes.subarray(0, bytes.lastIndexOf(10) + 1) : bytes
      return { text: whole.toString('utf8'), next: offset + whole.length }
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await Promise.all(running.values())
    },
  }
}
