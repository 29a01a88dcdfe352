import type { RunRecord, Task } from '@trainyard/contract'

/** What a server needs to know to carry out a run, beside secrets. Nothing of it is decided before a server takes it. */
export interface JobPlan {
  /** Secrets in it name where values come from; the values travel apart. */
  task: Task
  /** What was typed, for the record. */
  commandLine: string[]
  parameterTexts?: Record<string, string>
  /** Where relative paths lead and the process starts. Without it, a folder of the job's own. */
  workingDirectory?: string
  /** Fetched code that runs share, within which it works: each attempt gets a copy. */
  sharedFolder?: string
  environment?: Record<string, string>
  /** Name or path of a Python. */
  python?: string
  /** Code that is sent along: a file of that name in the folder of its own, which the task's command names. */
  code?: { name: string; text: string }
  /**
   * A version of a function that is kept (`db://project/name@hash`), whose code the server that takes the job lays out: the task is then
   * its outline with what is asked for over it (`jobOfFunction`), and names no code.
   */
  function?: string
  /** Decided when it was asked for, for the record. */
  choices?: Record<string, string>
  /** The run's record says where its artifacts go; else the server that takes it decides. */
  keepsOutPath?: boolean
  /** A sweep with iterations in the records: it goes on behind them. */
  goesOn?: boolean
}

export interface NewJob extends JobPlan {
  /** A run that is in the records already (`created` or `pending`), or the id of the one to be made. */
  runId?: string
  owner: string
  /** Values of secrets: sealed where they are stored, never given back, gone when the job has ended. */
  secrets?: Record<string, string>
  /** Only servers on this machine may take it: its paths are of there. */
  host?: string
}

/** `queued` waits, `leased` is in the hands of a server, `ended` has its run's end. */
export type JobState = 'queued' | 'leased' | 'ended'

export interface JobRecord {
  runId: string
  project: string
  state: JobState
  priority: number
  /** Why it waits, while it does. */
  reason: string | null
  cpu: number
  memoryBytes: number
  gpus: number
  /** The machine that has it, or the only one that may. */
  host: string | null
  /** Attempts that have begun. */
  attempt: number
  enqueuedAtMs: number
  /** Not before that. */
  readyAtMs: number
  leasedAtMs: number | null
  endedAtMs: number | null
}

export interface JobQuery {
  project?: string
  state?: JobState
  /** 100 unless said. */
  limit?: number
}

/** The queue, for whoever asks for work. Every call is durable when it resolves. */
export interface Jobs {
  /**
   * Asks for a run. What is wrong with the task is refused at once where it can be told (`invalid_argument`); the run's record is there,
   * `pending`, when this resolves. Of a run that is in the records, that record is used, with its id, name, parameters and out path.
   */
  submit(job: NewJob): Promise<JobRecord>
  /**
   * Gives a sweep that has ended more iterations, so many in all, as a job: it goes on where it was, with what it was started with. What
   * `extendedSweep` refuses is refused, and so is a sweep that was given secrets by value, which nobody has kept.
   */
  extend(runId: string, maxIterations: number): Promise<JobRecord>
  find(runId: string): Promise<JobRecord | undefined>
  /** Those that run first, then those that wait, in the order they will start, then ended ones, newest first. */
  list(query?: JobQuery): Promise<JobRecord[]>
  /** Of one that waits. `failed_precondition` once it has started. */
  prioritise(runId: string, priority: number): Promise<JobRecord>
  /**
   * Stops a job, waiting or running, and waits until its run has ended. Idempotent: one that has ended stays as it is. False when the
   * run is no job of this queue.
   */
  abort(runId: string, options: { reason: string; force: boolean }): Promise<RunRecord | false>
  /** How many jobs of a project may run at a time; null lifts the limit. */
  limit(project: string, running: number | null): Promise<void>
  limits(): Promise<Record<string, number>>
}
