import type { Migration } from './migration.ts'

/**
 * Conventions: times are epoch milliseconds; a column that names another table holds its integer key; JSON is text;
 * a metric value of NULL is NaN, infinities are stored as they are. `text` columns hold the first 100 characters of a value:
 * what indexes need, whatever the length of the value itself.
 */
const projects = [
  `CREATE TABLE projects (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE experiments (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (project, name)
  ) STRICT`,
]

const runs = [
  // Only what is filtered, sorted or shown in a list: narrow rows keep a search of 100,000 runs in a few megabytes.
  // AUTOINCREMENT, so that the rows of a purged run can never be taken for those of a newer one.
  `CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    experiment INTEGER NOT NULL REFERENCES experiments (number),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The run this one belongs to: the sweep of an iteration, the outer run of a nested one.
    parent INTEGER REFERENCES runs (number) ON DELETE CASCADE,
    -- 0 for a run of its own, 1, 2, 3... for an iteration of its parent.
    iteration INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_reason TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    updated_at INTEGER NOT NULL,
    trashed_at INTEGER,
    owner TEXT NOT NULL,
    host TEXT NOT NULL,
    attempt INTEGER NOT NULL
  ) STRICT`,
  `CREATE INDEX runs_newest ON runs (created_at, number) WHERE trashed_at IS NULL AND iteration = 0`,
  `CREATE INDEX runs_newest_all ON runs (created_at, number) WHERE trashed_at IS NULL`,
  `CREATE INDEX runs_newest_of_project ON runs (project, created_at, number) WHERE trashed_at IS NULL AND iteration = 0`,
  `CREATE INDEX runs_newest_of_project_all ON runs (project, created_at, number) WHERE trashed_at IS NULL`,
  `CREATE INDEX runs_newest_of_experiment ON runs (experiment, created_at, number)`,
  `CREATE INDEX runs_trashed ON runs (created_at, number) WHERE trashed_at IS NOT NULL`,
  `CREATE INDEX runs_unfinished ON runs (state, number) WHERE state IN ('pending', 'running', 'aborting')`,
  `CREATE INDEX runs_state ON runs (state, created_at, number)`,
  `CREATE INDEX runs_name ON runs (name, created_at, number)`,
  // A parent has one iteration of each number.
  `CREATE UNIQUE INDEX runs_children ON runs (parent, iteration) WHERE parent IS NOT NULL AND iteration > 0`,
  `CREATE INDEX runs_parent ON runs (parent) WHERE parent IS NOT NULL`,
  // The bulky rest of a run, one row per run, read only for the runs of a page.
  `CREATE TABLE run_documents (
    run INTEGER PRIMARY KEY REFERENCES runs (number) ON DELETE CASCADE,
    out_path TEXT NOT NULL,
    code TEXT,
    environment TEXT,
    exit TEXT,
    error TEXT,
    task TEXT,
    supervisor TEXT,
    sweep TEXT,
    -- A JSON array of sentences.
    problems TEXT NOT NULL DEFAULT '[]'
  ) STRICT`,
  // The state history; ordinal counts from 1 in each run.
  `CREATE TABLE run_states (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (run, ordinal)
  ) STRICT, WITHOUT ROWID`,
]

const values = [
  `CREATE TABLE parameters (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    -- The number it is, or that its text spells; NULL for anything else.
    number REAL,
    -- First 100 characters: of the text itself, else of the JSON.
    text TEXT NOT NULL,
    -- The whole value as JSON.
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX parameters_number ON parameters (key, number, run) WHERE number IS NOT NULL`,
  `CREATE INDEX parameters_text ON parameters (key, text, run)`,
  `CREATE TABLE labels (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    -- First 100 characters of the value.
    text TEXT NOT NULL,
    -- The whole value, as plain text.
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX labels_text ON labels (key, text, run)`,
  // Results that are not numbers; numbers are the last values of metric series.
  `CREATE TABLE results (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX results_text ON results (key, text, run)`,
  `CREATE TABLE inputs (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    -- Order of arrival in the run.
    ordinal INTEGER NOT NULL,
    url TEXT NOT NULL,
    size_bytes INTEGER,
    sha256 TEXT,
    PRIMARY KEY (run, key)
  ) STRICT, WITHOUT ROWID`,
]

const metrics = [
  `CREATE TABLE metric_series (
    -- AUTOINCREMENT for the same reason as in runs: points are not tied to their series by a foreign key.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    -- Also the ordinal of the next point.
    point_count INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    last_value REAL,
    -- NaN aside; NULL when there was nothing else.
    min_value REAL,
    max_value REAL,
    -- 1 while no point arrived with a lower step than one before it.
    is_ordered INTEGER NOT NULL,
    -- Names the segment that still grows.
    open_ordinal INTEGER NOT NULL,
    UNIQUE (run, key)
  ) STRICT`,
  `CREATE INDEX metric_series_value ON metric_series (key, last_value, run)`,
  `CREATE INDEX metric_series_of_run ON metric_series (run, key, last_value)`,
  // The points, in segments of consecutive arrivals; only the last segment of a series still grows. One row per point costs 28 bytes
  // and twice the time to write; a million points in segments can be read whole in 15 ms, so a chart needs no second copy of them.
  // No foreign key: purging a run deletes by series.
  `CREATE TABLE metric_segments (
    series INTEGER NOT NULL,
    -- Order of arrival in the series, from 0, of the first point inside.
    ordinal INTEGER NOT NULL,
    point_count INTEGER NOT NULL,
    -- Range of steps inside.
    low_step INTEGER NOT NULL,
    high_step INTEGER NOT NULL,
    -- Points in order of arrival: step, time, value of each as three little-endian doubles.
    body BLOB NOT NULL,
    PRIMARY KEY (series, ordinal)
  ) STRICT, WITHOUT ROWID`,
]

const artifacts = [
  `CREATE TABLE artifacts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- The run that made it; NULL for one registered by hand.
    run INTEGER REFERENCES runs (number) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    -- Absolute path or URL of the bytes.
    target TEXT NOT NULL,
    format TEXT,
    size_bytes INTEGER,
    sha256 TEXT,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- 0 once the same run logged the same key again.
    is_current INTEGER NOT NULL
  ) STRICT`,
  `CREATE INDEX artifacts_of_run ON artifacts (run, key)`,
  `CREATE INDEX artifacts_newest ON artifacts (project, key, number)`,
  `CREATE INDEX artifacts_target ON artifacts (target)`,
  // A tag of a key points at one version.
  `CREATE TABLE artifact_tags (
    project INTEGER NOT NULL REFERENCES projects (number),
    key TEXT NOT NULL,
    tag TEXT NOT NULL,
    artifact INTEGER NOT NULL REFERENCES artifacts (number) ON DELETE CASCADE,
    PRIMARY KEY (project, key, tag)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX artifact_tags_of_artifact ON artifact_tags (artifact)`,
  `CREATE TABLE artifact_labels (
    artifact INTEGER NOT NULL REFERENCES artifacts (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (artifact, key)
  ) STRICT, WITHOUT ROWID`,
  // Artifacts a run shows beside its own: a sweep's parent points at those of its best iteration.
  `CREATE TABLE artifact_links (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    artifact INTEGER NOT NULL REFERENCES artifacts (number) ON DELETE CASCADE,
    PRIMARY KEY (run, artifact)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX artifact_links_of_artifact ON artifact_links (artifact)`,
]

const streams = [
  // Captured output, in pieces. "offset" and size count the raw bytes; body holds them as encoding says.
  `CREATE TABLE log_chunks (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    "offset" INTEGER NOT NULL,
    size INTEGER NOT NULL,
    -- When its first byte was seen.
    time INTEGER NOT NULL,
    -- raw, zstd, gzip; with "-object" appended the body is the name of an object that holds the bytes in that encoding.
    encoding TEXT NOT NULL,
    -- When the later bytes were seen: pairs of (bytes, milliseconds later) as variable-length integers.
    marks BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (run, "offset")
  ) STRICT`,
  // How far each journal file has been taken in.
  `CREATE TABLE journals (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- Bytes taken.
    "offset" INTEGER NOT NULL,
    -- The last sequence number taken.
    sequence INTEGER NOT NULL,
    -- Lines that could not be read.
    malformed_count INTEGER NOT NULL,
    -- 1 while the rest of an overlong line is passed over.
    is_skipping INTEGER NOT NULL,
    -- What its start and end entries said, as JSON.
    start_info TEXT,
    end_info TEXT,
    PRIMARY KEY (run, name)
  ) STRICT, WITHOUT ROWID`,
  // Entries that ask somebody to act (an artifact to move, a child to make), kept until that is done.
  `CREATE TABLE journal_requests (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    journal TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, journal, sequence)
  ) STRICT, WITHOUT ROWID`,
]

export const initial: Migration = {
  number: 1,
  name: 'initial',
  statements: { sqlite: [...projects, ...runs, ...values, ...metrics, ...artifacts, ...streams] },
}
