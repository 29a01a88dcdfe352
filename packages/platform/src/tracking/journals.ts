import type { JournalArtifact, JournalEnd, JournalStart, JsonObject } from '@trainyard/contract'

export interface JournalRecords {
  /**
   * Takes the whole lines of `bytes` (the journal's content from `position().offset` on) into the run, everything in one
   * transaction with the new position: exactly once, whatever the crash. A malformed line becomes a problem of the run and is
   * passed over. Artifacts, children, best marks and commits are requests to the supervisor: they are returned, in order, and kept
   * as `pending` until somebody settles them.
   *
   * Give `fromOffset`, where `bytes` start in the file, when other processes may take in the same journal: what they have taken by
   * now is passed over (and counted as consumed). Without it `bytes` are what follows the stored position. `failed_precondition`
   * when `fromOffset` lies beyond that.
   */
  ingest(
    runId: string,
    journal: string,
    bytes: Uint8Array,
    fromOffset?: number,
    /** A metric of which every point is wanted, in the answer's `watched`. */
    watch?: string,
  ): Promise<JournalIngest>
  /** Where to go on, and what the journal's `start` and `end` said: they can be asked for again after a crash. */
  position(runId: string, journal: string): Promise<JournalProgress>
  /** Requests of all journals of the run that nobody has settled: what a supervisor that takes over has still to do. */
  pending(runId: string): Promise<JournalRequest[]>
  /** Idempotent. `artifacts.add` with `settles` does it in the transaction that stores the artifact. */
  settle(runId: string, requests: readonly JournalEntryName[]): Promise<void>
}

export interface JournalProgress {
  offset: number
  sequence: number
  start?: JournalStart
  end?: JournalEnd
}

/** Names one entry of a run's journals. */
export interface JournalEntryName {
  journal: string
  sequence: number
}

type RequestName = JournalEntryName & { timeMs: number }

export type JournalRequest = RequestName &
  (
    | { type: 'artifact'; body: JournalArtifact }
    | { type: 'child'; body: { id: string; iteration: number; parameters: JsonObject } }
    | { type: 'best'; body: { id: string; iteration: number } }
    | { type: 'commit'; body: { message: string; completed: boolean } }
  )

export interface JournalIngest {
  /** Bytes taken; the rest is an unfinished line. */
  consumedBytes: number
  start?: JournalStart
  end?: JournalEnd
  /** These four are requests, each with the name of its entry: pass it as `settles`, or settle it when it is done. */
  artifacts: (JournalArtifact & RequestName)[]
  children: ({ id: string; iteration: number; parameters: JsonObject } & RequestName)[]
  best: ({ id: string; iteration: number } & RequestName)[]
  commits: ({ message: string; completed: boolean } & RequestName)[]
  /** Latest value of each metric touched, for progress lines and pruners. */
  metrics: { key: string; step: number; value: number }[]
  /** Every point of the watched metric, in the order they were logged. */
  watched: { step: number; value: number }[]
  problems: string[]
}
