import { joinPlace } from '../../objects/index.ts'
import { type Route, route } from './route.ts'

/** The newest version of the client that is tested against this server. */
export const servedVersion = '1.12.1'

const logSettings = {
  decode: { errors: 'replace' },
  pipelines: { pull_state: { mode: 'disabled', pull_logs_interval: 1, pull_state_interval: 1 } },
  nuclio: { pull_deploy_status_default_interval: 1 },
  // None: the answer itself waits until there is something to tell, see `logs.ts`.
  pull_logs_default_interval: 0,
  pull_logs_backoff_no_logs_default_interval: 0,
  pull_logs_default_size_limit: 1024 * 1024,
}

/** The client reads this when it is imported, and cannot be imported where it fails: it looks at nothing and asks nobody. */
export const clientSpecRoutes: readonly Route[] = [
  route('GET', 'client-spec', async ({ artifactFolder }) => clientSpec(artifactFolder)),
  route('GET', 'healthz', async () => ({ version: servedVersion, status: 'ok' })),
  route('GET', 'frontend-spec', async ({ artifactFolder }) => ({
    jobs_dashboard_url: null,
    model_monitoring_dashboard_url: null,
    abortable_function_kinds: ['job', 'local', 'handler', ''],
    feature_flags: {
      project_membership: 'disabled',
      authentication: 'none',
      nuclio_streams: 'disabled',
      preemption_nodes: 'disabled',
    },
    default_function_image_by_kind: {},
    function_deployment_target_image_template: '',
    function_deployment_target_image_name_prefix_template: '',
    function_deployment_target_image_registries_to_enforce_prefix: [],
    function_deployment_mlrun_requirement: '',
    auto_mount_type: 'none',
    auto_mount_params: {},
    default_artifact_path: artifactPathOf(artifactFolder),
    default_function_pod_resources: {},
    ce: { mode: '', release: '' },
    internal_labels: [],
  })),
  // Whoever may ask this server may do what it serves: its guard has let the request in.
  route('POST', 'authorization/verifications', async () => ({})),
]

/** Where its own jobs put what they make, so that every other client finds it among the files of the run. */
const artifactPathOf = (folder: string): string => joinPlace(folder, '{{project}}', '{{run.uid}}')

const clientSpec = (artifactFolder: string): object => ({
  version: servedVersion,
  // Both filled: the client then sends functions to the server instead of running them in its own process.
  namespace: 'mlrun',
  kfp_url: 'trainyard',
  remote_host: '',
  mpijob_crd_version: '',
  ui_url: '',
  artifact_path: artifactPathOf(artifactFolder),
  spark_app_image: '',
  spark_app_image_tag: '',
  spark_history_server_path: '',
  // Searched for parts of an address: null would be an error of the client's own.
  docker_registry: '',
  api_url: '',
  // Empty: what would be deployed is served by a stand-in in the client's process.
  nuclio_version: '',
  default_function_priority_class_name: '',
  valid_function_priority_class_names: '',
  calculate_artifact_hash: true,
  generate_artifact_target_path_from_artifact_hash: false,
  redis_url: '',
  redis_type: 'standalone',
  sql_url: '',
  ce: { mode: '', release: '' },
  ui_projects_prefix: 'projects',
  kfp_image: 'mlrun/mlrun',
  dask_kfp_image: 'mlrun/ml-base',
  scrape_metrics: false,
  default_function_node_selector: '',
  igz_version: '',
  auto_mount_type: 'none',
  auto_mount_params: '',
  spark_operator_version: '',
  default_tensorboard_logs_path: '',
  default_function_pod_resources: null,
  default_preemption_mode: 'prevent',
  preemptible_nodes_node_selector: '',
  preemptible_nodes_tolerations: '',
  force_run_local: '',
  function: null,
  logs: logSettings,
  external_platform_tracking: null,
  packagers: null,
  model_endpoint_monitoring_endpoint_store_connection: '',
  model_monitoring_tsdb_connection: '',
  model_monitoring_stream_connection: '',
  stream_connection: '',
  feature_store_data_prefixes: {
    default: joinPlace(artifactFolder, '{project}', 'feature-store', '{name}', '{kind}'),
    nosql: joinPlace(artifactFolder, '{project}', 'feature-store', '{name}', '{kind}'),
    redisnosql: '',
  },
  feature_store_default_targets: 'parquet',
  alerts_mode: 'enabled',
  system_id: 'trainyard',
})
