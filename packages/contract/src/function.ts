import { type Static, Type } from 'typebox'

const optionalText = Type.Optional(Type.String())
const texts = Type.Record(Type.String(), Type.String())

/** One parameter of a callable, as its code says. */
export const EntryParameterSchema = Type.Object({
  name: Type.String(),
  type: optionalText,
  /** As Python writes it: `'pq'`, `0.1`, `None`. Absent: the parameter must be given. */
  default: Type.Optional(Type.Any()),
  doc: optionalText,
})
export type EntryParameter = Static<typeof EntryParameterSchema>

/** A callable of the code that can be run as a handler. */
export const EntryPointSchema = Type.Object({
  name: Type.String(),
  doc: optionalText,
  line: Type.Optional(Type.Integer()),
  parameters: Type.Array(EntryParameterSchema),
  outputs: Type.Optional(Type.Array(Type.Object({ type: optionalText, doc: optionalText }))),
  hasVarargs: Type.Optional(Type.Boolean()),
  hasKwargs: Type.Optional(Type.Boolean()),
})
export type EntryPoint = Static<typeof EntryPointSchema>

/** By name (`cpu`, `memory`, `gpu`), as Kubernetes writes them: `500m` or 2 cores, `512Mi` or `2G` bytes, whole GPUs. */
export const ResourceAmountsSchema = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))
export type ResourceAmounts = Static<typeof ResourceAmountsSchema>

export const preemptionModes = ['allow', 'constrain', 'prevent', 'none'] as const

/**
 * A function as people write it in code: what it is and everything about how it runs. The kept document (`function.yaml`) has the same
 * content in MLRun's shape, and may have fields that are not here.
 */
export const FunctionSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    /** `job` and `local` run in a process here; others belong to engines. */
    kind: optionalText,
    description: optionalText,
    /** Markdown. */
    documentation: optionalText,
    categories: Type.Optional(Type.Array(Type.String())),
    labels: Type.Optional(texts),

    /** The code itself. Needed unless there is a source or an image with a command. */
    code: optionalText,
    /** The file the code came from; its ending tells the language. */
    codeFile: optionalText,
    /** A folder, an archive (.tar.gz, .zip) or `git://host/path.git#ref[:folder]`, and whatever address opens. */
    source: optionalText,
    /** The source is fetched for each run and not built in. */
    loadSourceOnRun: Type.Optional(Type.Boolean()),
    /** The callable to run when nobody says: `train`, or `package.module.train` in a source. */
    handler: optionalText,
    /** A file of the source, or what the image starts. */
    command: optionalText,
    arguments: Type.Optional(Type.Array(Type.String())),
    /** Within the source. */
    workingDirectory: optionalText,
    pythonPath: optionalText,

    image: optionalText,
    baseImage: optionalText,
    /** Shell commands of the build, in order. */
    commands: Type.Optional(Type.Array(Type.String())),
    requirements: Type.Optional(Type.Array(Type.String())),
    buildEnvironment: Type.Optional(texts),

    /** Values, or where a value lies among the project's secrets. */
    environment: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Object({ secret: Type.String(), key: optionalText })])),
    ),
    resources: Type.Optional(
      Type.Object(
        { requests: Type.Optional(ResourceAmountsSchema), limits: Type.Optional(ResourceAmountsSchema) },
        { additionalProperties: false },
      ),
    ),
    replicas: Type.Optional(Type.Integer({ minimum: 0 })),
    minReplicas: Type.Optional(Type.Integer({ minimum: 0 })),
    maxReplicas: Type.Optional(Type.Integer({ minimum: 1 })),
    volumes: Type.Optional(
      Type.Array(
        Type.Object({ name: Type.String(), mountPath: Type.String(), subPath: optionalText, source: Type.Optional(Type.Any()) }),
      ),
    ),
    nodeName: optionalText,
    nodeSelector: Type.Optional(texts),
    affinity: Type.Optional(Type.Any()),
    tolerations: Type.Optional(Type.Array(Type.Any())),
    /** The name of a priority class. */
    priority: optionalText,
    /** May it run where machines can be taken away (spot)? */
    preemption: Type.Optional(Type.Enum([...preemptionModes])),
    retries: Type.Optional(
      Type.Object({ count: Type.Integer({ minimum: 0 }), backoffMs: Type.Optional(Type.Number({ minimum: 0 })) }),
    ),
    /** By state: `pending_scheduled`, `image_pull_backoff`, `executing`; durations such as `90s`, `24h`. */
    timeouts: Type.Optional(texts),
    /** Values for parameters that a run does not give. */
    parameters: Type.Optional(Type.Record(Type.String(), Type.Any())),
    /** By name of the callable; read from the code unless given. */
    entryPoints: Type.Optional(Type.Record(Type.String(), EntryPointSchema)),
  },
  { additionalProperties: false },
)
export type FunctionSpec = Static<typeof FunctionSchema>
