import { type Static, Type } from 'typebox'

/** A distribution of one hyper-parameter. `list` values are picked as they are; the others are sampled. */
export const DistributionSchema = Type.Union([
  Type.Object({ type: Type.Literal('choice'), values: Type.Array(Type.Any(), { minItems: 1 }) }, { additionalProperties: false }),
  Type.Object(
    {
      type: Type.Literal('uniform'),
      low: Type.Number(),
      high: Type.Number(),
      step: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    { type: Type.Literal('loguniform'), low: Type.Number({ exclusiveMinimum: 0 }), high: Type.Number({ exclusiveMinimum: 0 }) },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      type: Type.Literal('int'),
      low: Type.Integer(),
      high: Type.Integer(),
      step: Type.Optional(Type.Integer({ minimum: 1 })),
      log: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    { type: Type.Literal('normal'), mean: Type.Number(), std: Type.Number({ exclusiveMinimum: 0 }) },
    { additionalProperties: false },
  ),
])
export type Distribution = Static<typeof DistributionSchema>

export const sweepStrategies = ['grid', 'list', 'random', 'tpe', 'custom'] as const

export const SweepSpecSchema = Type.Object(
  {
    strategy: Type.Optional(Type.Enum([...sweepStrategies])),
    /** Key to a list of values, or to a distribution (`random` and `tpe` only). */
    hyperParameters: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Array(Type.Any()), DistributionSchema]))),
    /** CSV, JSON, JSON lines or YAML; CSV and lists of rows mean strategy `list`. */
    parameterFile: Type.Optional(Type.String()),
    /** `max.accuracy`, `min.loss`, or a bare name, which means `max`. */
    selector: Type.Optional(Type.String()),
    /** For example `accuracy >= 0.95 and loss < 0.1`, tried on each finished iteration. */
    stopCondition: Type.Optional(Type.String()),
    maxIterations: Type.Optional(Type.Integer({ minimum: 1 })),
    maxErrors: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Iterations at a time; the default is the number of cores this process may use. */
    parallel: Type.Optional(Type.Integer({ minimum: 1 })),
    iterationTimeoutMs: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    /** Recorded when not given, so that a random sweep can be repeated. */
    seed: Type.Optional(Type.Integer({ minimum: 0 })),
    /** Asynchronous successive halving on the selector's metric. */
    pruner: Type.Optional(
      Type.Object(
        {
          type: Type.Literal('asha'),
          minSteps: Type.Optional(Type.Integer({ minimum: 1 })),
          maxSteps: Type.Optional(Type.Integer({ minimum: 1 })),
          reductionFactor: Type.Optional(Type.Integer({ minimum: 2 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type SweepSpec = Static<typeof SweepSpecSchema>

/** Where a secret comes from; the record keeps the source, never the value. */
export const SecretSourceSchema = Type.Object(
  { kind: Type.Enum(['file', 'env', 'inline']), source: Type.Union([Type.String(), Type.Record(Type.String(), Type.String())]) },
  { additionalProperties: false },
)
export type SecretSource = Static<typeof SecretSourceSchema>

/** What a job on a server needs while it runs. Texts are quantities as Kubernetes writes them: `500m`, `2Gi`. */
export const ResourcesSchema = Type.Object(
  {
    /** Cores; 1 unless said. */
    cpu: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.String()])),
    /** Bytes; none are set aside unless said. */
    memory: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.String()])),
    gpus: Type.Optional(Type.Integer({ minimum: 0 })),
    /** At most so much in a container, which gets `cpu` and `memory` unless said. A process is not limited. */
    cpuLimit: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.String()])),
    memoryLimit: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.String()])),
  },
  { additionalProperties: false },
)
export type Resources = Static<typeof ResourcesSchema>
export const notificationKinds = ['console', 'slack', 'teams', 'mail', 'git', 'webhook'] as const
export const notificationMoments = ['completed', 'failed', 'aborted'] as const

/** Who is told when a run ends. */
export const NotificationSchema = Type.Object(
  {
    kind: Type.Enum([...notificationKinds]),
    name: Type.Optional(Type.String({ maxLength: 200 })),
    /** Any end unless said. */
    when: Type.Optional(Type.Array(Type.Enum([...notificationMoments]))),
    /** Over the results, for example `accuracy < 0.9`; one that names a missing result does not hold. */
    condition: Type.Optional(Type.String({ maxLength: 10_000 })),
    /** A template: `{{run.name}}`, `{{run.state}}`, `{{results.accuracy}}`, `{{parameters.eta}}`, `{{labels.team}}`. */
    message: Type.Optional(Type.String({ maxLength: 100_000 })),
    severity: Type.Optional(Type.Enum(['debug', 'verbose', 'info', 'warning', 'error'])),
    /** Where and how; `{ secret: NAME }` stands for a secret of the project. */
    params: Type.Optional(Type.Record(Type.String(), Type.Any())),
    /** As `params`; kept encrypted, and never shown again. */
    secretParams: Type.Optional(Type.Record(Type.String(), Type.Any())),
  },
  { additionalProperties: false },
)
export type NotificationSpec = Static<typeof NotificationSchema>

/** A reusable template of a run: YAML, JSON, or built in code. One task runs on many functions. */
export const TaskSchema = Type.Object(
  {
    name: Type.Optional(Type.String()),
    project: Type.Optional(Type.String()),
    experiment: Type.Optional(Type.String()),
    /** Path of the script, relative to the task file or the working directory. */
    command: Type.Optional(Type.String()),
    handler: Type.Optional(Type.String()),
    /** Any program with its arguments, instead of a script: what it prints is the run's output, its exit code the run's end. */
    program: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
    /** A container image to run it in, where the machine has podman. */
    image: Type.Optional(Type.String({ minLength: 1 })),
    /** Variables of the process beside those it inherits. */
    environment: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** Variables that hold a secret of the project, by its name: `key` where a secret has several, else `secret`. */
    environmentSecrets: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object({ secret: Type.String(), key: Type.Optional(Type.String()) }, { additionalProperties: false }),
      ),
    ),
    arguments: Type.Optional(Type.Array(Type.String())),
    parameters: Type.Optional(Type.Record(Type.String(), Type.Any())),
    inputs: Type.Optional(Type.Record(Type.String(), Type.String())),
    outputs: Type.Optional(Type.Array(Type.String())),
    returns: Type.Optional(Type.Array(Type.Any())),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    secrets: Type.Optional(Type.Array(SecretSourceSchema)),
    /** `{{run.uid}}`, `{{run.name}}`, `{{run.project}}`/`{{project}}`, `{{run.iteration}}` are replaced. */
    outPath: Type.Optional(Type.String()),
    requirements: Type.Optional(Type.Array(Type.String())),
    retries: Type.Optional(Type.Integer({ minimum: 0 })),
    /** The pause before the first repeat, doubled with each further one, a minute at most: one second unless said. */
    retryPauseMs: Type.Optional(Type.Number({ minimum: 0 })),
    timeoutMs: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    /** How long it may wait on a server before it starts. */
    pendingTimeoutMs: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
    /** Among the jobs that wait on a server, higher ones start first: 0 unless said. */
    priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000 })),
    resources: Type.Optional(ResourcesSchema),
    autolog: Type.Optional(Type.Boolean()),
    notifications: Type.Optional(Type.Array(NotificationSchema)),
    sweep: Type.Optional(SweepSpecSchema),
  },
  { additionalProperties: false },
)
export type Task = Static<typeof TaskSchema>
