import type { JsonObject, JsonValue } from './json.ts'

/**
 * What a harness needs to run one piece of user code. Sent as one JSON line on file descriptor 3 (`TRAINYARD_CONTROL_FD`),
 * so that neither parameters nor secrets are in the process list or on disk.
 */
export interface JobSpec {
  run: {
    id: string
    name: string
    project: string
    experiment: string
    parentId?: string
    iteration: number
    /** 1 for the first try; grows with `--retries`. */
    attempt: number
    labels: Record<string, string>
  }
  /** Absolute path of the user's file, or the address of a function that a server runs: see `isEndpoint`. */
  script: string
  /** A callable in `script`; without it the file runs as a script (`__main__`). */
  handler?: string
  arguments: string[]
  parameters: JsonObject
  /** The text as typed on the command line, for parameters whose type hint is text (`-p version=1.10`). */
  parameterTexts?: Record<string, string>
  /** `path` is there when the supervisor has staged the bytes locally. */
  inputs: Record<string, { url: string; path?: string }>
  secrets: Record<string, string>
  /** How returned values are logged: `name`, `name:kind`, or `{ key, artifact_type, ... }`, one per value. */
  returns?: JsonValue[]
  /** Final place of artifacts: an absolute folder or a URL without a trailing slash. For display and `artifact_subpath`. */
  outPath: string
  /** Absolute; holds the journals, `output`, and `files/` for spooled artifacts. Exists before the harness starts. */
  runDirectory: string
  autolog?: boolean
  /** A folder of packages that `autolog` needs, to be looked through behind all others. */
  autologPackages?: string
  /** Variables the process sets for itself and whatever it starts: where clients of other trackers find this very run. */
  environment?: Record<string, string>
  /** For a process that was started ahead of its job: where it goes before anything else, and the file that takes what it prints. */
  place?: { workingDirectory: string; output: string }
}

/** Whether what is to be run is the address of a function that a server runs, in the place of a file. */
export const isEndpoint = (script: string): boolean => /^https?:\/\//i.test(script)

/**
 * The warm worker: one process that has imported the user's module and forks once per iteration. Commands arrive as JSON lines
 * on descriptor 3, events leave as JSON lines on descriptor 4. End of file on 3 means: start nothing more, wait for what runs,
 * leave. Each forked child writes stdout and stderr to `<runDirectory>/output` of its own run and its own journal there.
 */
export interface ExpectedCall {
  /** Those that all iterations share. */
  parameters: JsonObject
  parameterTexts: Record<string, string>
  inputs: string[]
  /** The values of each parameter that varies, or null where they are not listed. */
  varied: Record<string, JsonValue[] | null>
}

export type WarmCommand =
  /** At most `parallel` children at a time; further starts wait in the worker, in order. Without it there is no limit. */
  | {
      type: 'load'
      script: string
      handler: string
      workingDirectory: string
      parallel?: number
      /** What iterations will be called with, to be refused before the first one where the handler cannot take it. */
      expected?: ExpectedCall
      autolog?: boolean
      autologPackages?: string
    }
  | { type: 'start'; job: JobSpec }
  /** One that still waits is told as `exited` with SIGTERM and never starts. Else SIGTERM to the child's process group, SIGKILL after `graceMs`. */
  | { type: 'stop'; runId: string; graceMs: number }

export type WarmEvent =
  /** The module is imported. With `forkSafe` false the supervisor uses plain processes instead and says `reason`. */
  | { type: 'ready'; pid: number; forkSafe: boolean; reason?: string; interpreter: JsonObject }
  /** Loading failed: nothing can run. `error` as in the journal's `end`. */
  | { type: 'broken'; error: { type: string; message: string; traceback?: string } }
  | { type: 'started'; runId: string; pid: number }
  /** The child was reaped. `code` or `signal` as waitpid told it, and its peak memory. */
  | { type: 'exited'; runId: string; code: number | null; signal: string | null; maxRssBytes?: number; cpuMs?: number }
