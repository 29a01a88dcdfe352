import type { JsonObject, JsonValue, WireNumber } from './json.ts'

/**
 * The journal: how a running script tells its supervisor what it logged.
 *
 * One append-only text file per writing process, `journal-<anything>.jsonl` in the run's directory, one JSON array per line:
 * `[sequence, timeMs, type, ...]`. `sequence` grows from line to line of a file (from 1; in a forked process' file, on from
 * its parent's); a reader that sees a number no greater than the last it took ignores the line, so replaying any prefix any number of times changes nothing. A reader stops at the first
 * line without a newline or at the first NUL byte (the writer may have grown the file ahead of its text) and comes back later.
 */
export type JournalEntry =
  | readonly [sequence: number, timeMs: number, type: 'start', info: JournalStart]
  /** One point of a series. `timeMs` of the line is the point's time. */
  | readonly [sequence: number, timeMs: number, type: 'metric', key: string, step: number, value: WireNumber]
  | readonly [sequence: number, timeMs: number, type: 'metrics', step: number, values: Record<string, WireNumber>]
  /**
   * Last value wins. Numbers are also points of the series of that name (step 0 unless a metric came first: then its last step).
   * `elsewhere`: told by another machine, which may have recorded them itself: a number that is the last of its series is no new point.
   */
  | readonly [sequence: number, timeMs: number, type: 'result', values: Record<string, JsonValue>, origin?: 'elsewhere']
  /** Immutable once logged: another value for a known key becomes a problem, the first stays. */
  | readonly [sequence: number, timeMs: number, type: 'param', values: Record<string, JsonValue>]
  | readonly [sequence: number, timeMs: number, type: 'label', values: Record<string, string>]
  | readonly [sequence: number, timeMs: number, type: 'input', input: JournalInput]
  | readonly [sequence: number, timeMs: number, type: 'artifact', artifact: JournalArtifact]
  /** Something the script asked for that could not be recorded; the script goes on, the run tells it at the end. */
  | readonly [sequence: number, timeMs: number, type: 'problem', message: string]
  /** A child made by the script itself (`get_child_context`); its own journal lies in `runs/<child id>/`. */
  | readonly [sequence: number, timeMs: number, type: 'child', child: { id: string; iteration: number; parameters: JsonObject }]
  /** `mark_as_best` on a child: the parent takes its results. */
  | readonly [sequence: number, timeMs: number, type: 'best', child: { id: string; iteration: number }]
  | readonly [sequence: number, timeMs: number, type: 'commit', message: string, completed: boolean]
  | readonly [sequence: number, timeMs: number, type: 'end', end: JournalEnd]

export type JournalEntryType = JournalEntry[2]

export interface JournalStart {
  pid: number
  /** Present when no supervisor made the run record (a bare `import trainyard`): everything needed to make it. */
  run?: {
    id: string
    name: string
    project: string
    experiment?: string
    parentId?: string
    iteration?: number
    parameters?: JsonObject
  }
  /** What ran: absolute path of the script, handler, arguments, working directory. */
  source?: { file?: string; handler?: string; arguments?: string[]; workingDirectory?: string }
  /** `{ language, version, implementation, executable, sitePackages }`: sitePackages lets the supervisor list packages cheaply. */
  interpreter?: JsonObject
}

export interface JournalInput {
  key: string
  /** As the user wrote it. */
  url: string
  sizeBytes?: number
  sha256?: string
}

export const artifactKinds = ['file', 'directory', 'dataset', 'model', 'plot', 'chart', 'table', 'html', 'object'] as const
export type ArtifactKind = (typeof artifactKinds)[number]

export interface JournalArtifact {
  key: string
  kind: ArtifactKind
  /** Spooled bytes, a path relative to the run directory (a folder for kinds made of several files). The supervisor moves it. */
  file?: string
  /** Bytes that stay where they are: an absolute path or URL. Exactly one of `file` and `url` is present. */
  url?: string
  /**
   * With `url`: told by another machine. Recorded also when this one cannot read it, and only once: not when the run has an artifact of
   * this key at this address, which that machine may have recorded itself.
   */
  elsewhere?: true
  /** Where the bytes go, relative to the run's out path, for example `model.txt` or `plots/roc.html`. */
  path: string
  format?: string
  tag?: string
  labels?: Record<string, string>
  /** Kind-specific: `schema`, `stats`, `preview`, `header`, `rows`, `framework`, `metrics`, `inputs`, `outputs`, `parameters`, `extraData`. */
  metadata?: JsonObject
}

export interface JournalEnd {
  outcome: 'completed' | 'failed' | 'aborted'
  error?: RunError
}

/** Why a run failed, as far as the process itself could tell. */
export interface RunError {
  /** Exception class, or one of ours: `missing_script`, `missing_handler`, `invalid_parameter`, `syntax_error`. */
  type: string
  message: string
  traceback?: string
}

/** An error as people read it. The names of our own are for programs: their message says all; a class of an exception says something. */
export const sentenceOfError = ({ type, message }: RunError): string => (/^[a-z_]+$/.test(type) ? message : `${type}: ${message}`)
