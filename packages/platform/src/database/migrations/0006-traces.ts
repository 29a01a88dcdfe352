import type { Migration } from './migration.ts'

/** Traces: what a program did for one request, as a tree of spans, and what people and judges think of it. */
const traces = [
  `CREATE TABLE traces (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Chosen by whoever traces.
    id TEXT NOT NULL UNIQUE,
    experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
    client_request_id TEXT,
    -- OK, ERROR, IN_PROGRESS, STATE_UNSPECIFIED
    state TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    -- Milliseconds; NULL while it goes on.
    duration INTEGER,
    request_preview TEXT,
    response_preview TEXT,
    -- 1 once somebody told of the trace as a whole: spans that come later change nothing of it.
    is_told INTEGER NOT NULL
  ) STRICT`,
  `CREATE INDEX traces_newest ON traces (experiment, started_at, id)`,
  `CREATE TABLE trace_tags (
    trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE trace_metadata (
    trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (trace, key)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE trace_spans (
    trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
    -- 16 digits, unique in its trace.
    id TEXT NOT NULL,
    parent TEXT,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    -- OK, ERROR, UNSET
    status TEXT NOT NULL,
    -- Microseconds: nanoseconds are more than a double holds, and stand in the details.
    started_at INTEGER NOT NULL,
    -- A JSON object.
    attributes TEXT NOT NULL,
    -- A JSON object: exact times, events, links.
    details TEXT NOT NULL,
    PRIMARY KEY (trace, id)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE trace_runs (
    trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    PRIMARY KEY (trace, run)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX trace_runs_of_run ON trace_runs (run)`,
  `CREATE TABLE trace_prompts (
    trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
    -- Name and version of a prompt, with a slash between them.
    prompt TEXT NOT NULL,
    PRIMARY KEY (trace, prompt)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX trace_prompts_of_prompt ON trace_prompts (prompt)`,
]

const assessments = [
  `CREATE TABLE assessments (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    trace INTEGER NOT NULL REFERENCES traces (number) ON DELETE CASCADE,
    -- feedback, expectation, issue
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source_id TEXT NOT NULL,
    span_id TEXT,
    -- JSON.
    value TEXT NOT NULL,
    -- The value when it is a number.
    number_value REAL,
    -- A JSON object.
    error TEXT,
    rationale TEXT,
    -- A JSON object of texts.
    metadata TEXT NOT NULL,
    -- The assessment of the same trace that it stands instead of.
    overrides TEXT,
    is_valid INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT`,
  `CREATE INDEX assessments_of_trace ON assessments (trace, kind, name)`,
]

export const traceTables: Migration = {
  number: 6,
  name: 'traces',
  statements: { sqlite: [...traces, ...assessments] },
}
