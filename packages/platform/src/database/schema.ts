import type { Generated } from 'kysely'

/** The tables as Kysely sees them; `migrations/` says what each column means. JSON columns are text on this side of the seam. */
export interface Tables {
  projects: { number: Generated<number>; name: string; created_at: number }
  project_documents: { project: number; state: string; document: string; updated_at: number }
  project_secrets: ProjectSecretsTable
  experiments: ExperimentsTable
  experiment_tags: { experiment: number; key: string; value: string }
  datasets: DatasetsTable
  dataset_inputs: { run: number; dataset: number; ordinal: number; tags: string }
  logged_models: LoggedModelsTable
  logged_model_tags: { model: number; key: string; value: string }
  logged_model_params: { model: number; key: string; value: string }
  logged_model_metrics: LoggedModelMetricsTable
  run_models: { run: number; model: number; direction: string; step: number }
  runs: RunsTable
  run_documents: RunDocumentsTable
  client_run_documents: { run: number; body: string; seen: number }
  client_artifact_documents: { artifact: number; uid: string; body: string }
  run_states: { run: number; ordinal: number; state: string; at: number; reason: string | null }
  parameters: { run: number; key: string; number: number | null; text: string; value: string }
  labels: { run: number; key: string; text: string; value: string }
  results: { run: number; key: string; text: string; value: string }
  inputs: { run: number; key: string; ordinal: number; url: string; size_bytes: number | null; sha256: string | null }
  metric_series: MetricSeriesTable
  metric_segments: MetricSegmentsTable
  metric_arrivals: { number: Generated<number>; body: Uint8Array }
  metric_arrivals_aside: { number: Generated<number>; body: Uint8Array; reason: string }
  artifacts: ArtifactsTable
  artifact_tags: { project: number; key: string; tag: string; artifact: number }
  artifact_labels: { artifact: number; key: string; value: string }
  artifact_links: { run: number; artifact: number }
  log_chunks: { run: number; offset: number; size: number; time: number; encoding: string; marks: Uint8Array; body: Uint8Array }
  journals: JournalsTable
  journal_requests: { run: number; journal: string; sequence: number; time: number; type: string; body: string }
  shipments: { run: number; revision: number }
  logged_model_shipments: { model: number; revision: number }
  trace_shipments: { trace: number; revision: number; digest: string | null }
  registered_models: RegisteredModelsTable
  registered_model_tags: { model: number; key: string; value: string }
  model_stages: { project: number; name: string; created_at: number; created_by: string }
  model_versions: ModelVersionsTable
  model_version_tags: { version: number; key: string; value: string }
  model_aliases: { model: number; alias: string; version: number }
  registry_events: RegistryEventsTable
  change_counter: { id: number; number: number }
  changes: { kind: string; subject: number; number: number; id: string | null; project: string | null }
  sent_files: {
    number: Generated<number>
    model: number | null
    trace: number | null
    path: string
    size_bytes: number
    sha256: string
  }
  version_shipments: { run_id: string; name: string; version: number; model_version: number }
  kept_answers: {
    key: string
    request: string
    status: number | null
    body: string | null
    at: number
    holder: string | null
  }
  webhooks: WebhooksTable
  webhook_deliveries: WebhookDeliveriesTable
  notifications: NotificationsTable
  notification_deliveries: NotificationDeliveriesTable
  traces: TracesTable
  trace_tags: { trace: number; key: string; value: string }
  trace_metadata: { trace: number; key: string; value: string }
  trace_spans: TraceSpansTable
  trace_runs: { trace: number; run: number }
  trace_prompts: { trace: number; prompt: string }
  assessments: AssessmentsTable
  migration_marks: MigrationMarksTable
  definitions: DefinitionsTable
  definition_versions: DefinitionVersionsTable
  definition_tags: { definition: number; tag: string; version: number }
  definition_labels: { version: number; key: string; value: string }
  definition_moves: DefinitionMovesTable
  evaluation_datasets: EvaluationDatasetsTable
  evaluation_dataset_tags: { dataset: number; key: string; value: string }
  evaluation_dataset_experiments: { dataset: number; experiment: number }
  evaluation_records: EvaluationRecordsTable
  scorers: ScorersTable
  scorer_versions: { scorer: number; version: number; body: string; created_at: number }
  jobs: JobsTable
  schedules: SchedulesTable
  schedule_firings: ScheduleFiringsTable
  job_limits: { project: string; running: number }
}

export type TableName = keyof Tables

export interface ProjectSecretsTable {
  number: Generated<number>
  project: number
  name: string
  value: string
  created_at: number
  updated_at: number
}

export interface ExperimentsTable {
  number: Generated<number>
  project: number
  name: string
  created_at: number
  artifact_location: Generated<string | null>
  updated_at: Generated<number | null>
  trashed_at: Generated<number | null>
}

export interface DatasetsTable {
  number: Generated<number>
  experiment: number
  name: string
  digest: string
  source_type: string
  source: string
  schema: string | null
  profile: string | null
}

export interface LoggedModelsTable {
  number: Generated<number>
  id: string
  experiment: number
  name: string
  type: string | null
  source_run: number | null
  status: string
  created_at: number
  updated_at: number
  trashed_at: number | null
}

export interface LoggedModelMetricsTable {
  model: number
  key: string
  run: number
  dataset_name: string
  dataset_digest: string
  step: number
  time: number
  value: number | null
}

export interface RunsTable {
  number: Generated<number>
  id: string
  project: number
  experiment: number
  name: string
  kind: string
  parent: number | null
  iteration: number
  state: string
  state_reason: string | null
  created_at: number
  started_at: number | null
  ended_at: number | null
  updated_at: number
  trashed_at: number | null
  owner: string
  host: string
  attempt: number
}

export interface RunDocumentsTable {
  run: number
  out_path: string
  code: string | null
  environment: string | null
  exit: string | null
  error: string | null
  task: string | null
  supervisor: string | null
  sweep: string | null
  problems: Generated<string>
}

export interface MetricSeriesTable {
  number: Generated<number>
  run: number
  key: string
  point_count: number
  last_step: number
  last_time: number
  last_value: number | null
  min_value: number | null
  max_value: number | null
  is_ordered: number
  open_ordinal: number
  earlier_count: Generated<number>
  earlier_step: Generated<number>
}

export interface MetricSegmentsTable {
  series: number
  ordinal: number
  point_count: number
  low_step: number
  high_step: number
  body: Uint8Array
}

export interface JournalsTable {
  run: number
  name: string
  offset: number
  sequence: number
  malformed_count: number
  is_skipping: number
  start_info: string | null
  end_info: string | null
}

export interface ArtifactsTable {
  number: Generated<number>
  id: string
  project: number
  key: string
  kind: string
  run: number | null
  iteration: number
  target: string
  format: string | null
  size_bytes: number | null
  sha256: string | null
  metadata: string
  created_at: number
  is_current: number
  tree: Generated<string | null>
}

export interface RegisteredModelsTable {
  number: Generated<number>
  project: number
  name: string
  plain_name: string
  description: string | null
  created_at: number
  updated_at: number
  created_by: string
  next_version: number
  deleted_at: number | null
}

export interface ModelVersionsTable {
  number: Generated<number>
  model: number
  version: number
  source: string
  location: string
  run_id: string | null
  run_link: string | null
  artifact_id: string | null
  logged_model_id: string | null
  description: string | null
  stage: string
  status: string
  status_message: string | null
  created_at: number
  updated_at: number
  created_by: string
  deleted_at: number | null
}

export interface RegistryEventsTable {
  number: Generated<number>
  model: number
  version: number | null
  kind: string
  key: string | null
  before: string | null
  after: string | null
  at: number
  by: string
  via: string
  reason: string | null
  told_at: Generated<number | null>
}

export interface SchedulesTable {
  number: Generated<number>
  project: string
  name: string
  owner: string
  state: string
  kind: string
  timing: string
  jitter: number
  concurrency: string
  catch_up: string
  job: string
  secrets: string | null
  secret_names: string
  labels: string
  planned_at: number | null
  next_at: number | null
  seen: number | null
  token: string | null
  created_at: number
  updated_at: number
}

export interface ScheduleFiringsTable {
  number: Generated<number>
  schedule: number
  planned_at: number
  fired_at: number
  cause: string
  outcome: string
  run: string | null
  reason: string | null
  facts: string
}

export interface JobsTable {
  number: Generated<number>
  run: string
  project: string
  state: string
  priority: number
  enqueued_at: number
  ready_at: number
  pending_until: number | null
  reason: string | null
  cpu_milli: number
  memory: number
  gpus: number
  host: string | null
  attempt: number
  plan: string
  secrets: string | null
  lease_owner: string | null
  lease_host: string | null
  lease_until: number | null
  leased_at: number | null
  ended_at: number | null
}

export interface WebhooksTable {
  number: Generated<number>
  id: string
  project: number
  name: string
  url: string
  events: string
  description: string | null
  secret: string | null
  is_active: number
  created_at: number
  updated_at: number
}

export interface WebhookDeliveriesTable {
  number: Generated<number>
  id: string
  webhook: number
  event: string
  body: string
  state: string
  attempts: number
  created_at: number
  next_at: number
  last_at: number | null
  status: number | null
  error: string | null
}

export interface NotificationsTable {
  number: Generated<number>
  run: number
  ordinal: number
  spec: string
  sealed: string | null
  told_at: number | null
}

export interface NotificationDeliveriesTable {
  number: Generated<number>
  notification: number
  run_state: string
  state: string
  attempts: number
  created_at: number
  next_at: number
  last_at: number | null
  status: number | null
  error: string | null
}

export interface TracesTable {
  number: Generated<number>
  id: string
  experiment: number
  client_request_id: string | null
  state: string
  started_at: number
  duration: number | null
  request_preview: string | null
  response_preview: string | null
  is_told: number
}

export interface TraceSpansTable {
  trace: number
  id: string
  parent: string | null
  name: string
  type: string
  status: string
  started_at: number
  attributes: string
  details: string
}

export interface AssessmentsTable {
  number: Generated<number>
  id: string
  trace: number
  kind: string
  name: string
  source_type: string
  source_id: string
  span_id: string | null
  value: string
  number_value: number | null
  error: string | null
  rationale: string | null
  metadata: string
  overrides: string | null
  is_valid: number
  created_at: number
  updated_at: number
}

export interface EvaluationDatasetsTable {
  number: Generated<number>
  id: string
  project: number
  name: string
  digest: string
  schema: string | null
  created_at: number
  updated_at: number
  created_by: string | null
  updated_by: string | null
}

export interface EvaluationRecordsTable {
  number: Generated<number>
  id: string
  dataset: number
  inputs_hash: string
  inputs: string
  outputs: string | null
  expectations: string | null
  tags: string
  source: string | null
  created_at: number
  updated_at: number
  created_by: string | null
  updated_by: string | null
}

export interface ScorersTable {
  number: Generated<number>
  id: string
  experiment: number
  name: string
  last_version: number
  sampling_id: string | null
  sampling_rate: number | null
  sampling_filter: string | null
}

export interface MigrationMarksTable {
  peer: string
  kind: string
  peer_id: string
  local_id: string
  fingerprint: string
  memory: string
  at: number
}

export interface DefinitionsTable {
  number: Generated<number>
  project: number
  kind: string
  name: string
  created_at: number
  updated_at: number
  newest: number | null
}

export interface DefinitionVersionsTable {
  number: Generated<number>
  definition: number
  slot: string
  hash: string
  type: string
  state: string | null
  body: string
  status: string | null
  categories: string
  created_at: number
  updated_at: number
}

export interface DefinitionMovesTable {
  number: Generated<number>
  definition: number
  tag: string
  before: string | null
  after: string | null
  at: number
  by: string
}
