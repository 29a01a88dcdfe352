import type { JobSpec } from '@trainyard/contract'

/**
 * What to start for a language: pure, so that a plan can be looked at in a test. Where it starts is the substrate's business.
 */
export interface LaunchPlan {
  command: string
  arguments: string[]
  environment: Record<string, string>
  workingDirectory: string
  /** Sent as one line on the control descriptor; parameters and secrets travel only there. */
  job: JobSpec
  /** Automatic choices, for the run's record. */
  choices: Record<string, string>
}

export type Language = 'python' | 'node' | 'program' | 'endpoint'

export interface LauncherContext {
  environment: Readonly<Record<string, string | undefined>>
  workingDirectory: string
  /** Absolute path of the interpreter. */
  interpreter: string
  choices: Record<string, string>
  /** The command that reaches this very program, for `TRAINYARD_CLI`. */
  programCommand: readonly string[]
  dataDirectory: string
}

export interface Launcher {
  readonly language: Language
  readonly fileEndings: readonly string[]
  /** A warm worker can fork per iteration. */
  readonly canFork: boolean
  plan(job: JobSpec, context: LauncherContext): LaunchPlan
  /** The job as it is sent on the control descriptor, which is closed behind it. */
  message(job: JobSpec): string
}

/** What our own harnesses read. */
export const jsonLine = (job: JobSpec): string => `${JSON.stringify(job)}\n`
