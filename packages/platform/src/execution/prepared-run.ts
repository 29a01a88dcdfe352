import {
  AppError,
  type NotificationSpec,
  didYouMean,
  type JobSpec,
  type JsonObject,
  type JsonValue,
  type Resources,
  type RunKind,
  type Task,
} from '@trainyard/contract'
import type { Launcher } from './launchers/launcher.ts'

/** One run with everything decided: what a task becomes when it meets a machine. Secrets are values here and nowhere else. */
export interface PreparedRun {
  id: string
  name: string
  project: string
  experiment: string
  kind: RunKind
  parentId?: string
  iteration: number
  attempt: number
  labels: Record<string, string>
  /** Absolute. */
  script: string
  /** The user's own file, when `script` is a copy made for a rerun. */
  originalScript?: string
  handler?: string
  arguments: string[]
  parameters: JsonObject
  parameterTexts: Record<string, string>
  inputs: JobSpec['inputs']
  secrets: Record<string, string>
  returns?: JsonValue[]
  /** Resolved: an absolute folder or a URL. */
  outPath: string
  task: Task
  /** With the parameters that the record does not show. */
  notifications: readonly NotificationSpec[]
  autolog: boolean
  /** Where MLflow lies when the interpreter lacks it. */
  autologPackages?: string
  timeoutMs?: number
  launcher: Launcher
  interpreter: string
  workingDirectory: string
  /** Where it would work without a copy of its own, and does when it is run again. */
  originalWorkingDirectory?: string
  /** The container image it runs in; without it, it is a process of this machine. */
  image?: string
  resources?: Resources
  /** Variables set for this run beyond the inherited ones. */
  environment: Record<string, string>
  /** Variables that travel with the job, because they hold a token: see `ClientAccess`. */
  clientEnvironment?: Record<string, string>
  /** Automatic choices, for the record. */
  choices: Record<string, string>
  commandLine: string[]
  /** 0 turns the sampling off. */
  sampleEveryMs: number
}

const places = /\{\{|\}\}|\{([A-Za-z_][\w.-]*)\}/g

/** Refuses a `{name}` place for which there is no parameter. */
export function checkArguments(templates: readonly string[], parameterNames: readonly string[]): void {
  for (const template of templates) {
    for (const [place, name] of template.matchAll(places)) {
      if (name === undefined || parameterNames.includes(name)) continue
      throw new AppError(
        'invalid_argument',
        `The argument "${template}" asks for the parameter ${name}, which is not given${didYouMean(name, parameterNames)}: add -p ${name}=…, or write {${place}} for braces that stay.`,
      )
    }
  }
}

/** Puts parameters into `{name}` places of arguments; `{{` and `}}` stand for braces. */
export function fillArguments(templates: readonly string[], parameters: JsonObject): string[] {
  return templates.map((template) =>
    template.replaceAll(places, (whole, name: string | undefined) => {
      if (whole === '{{') return '{'
      if (whole === '}}') return '}'
      const value = name === undefined ? undefined : parameters[name]
      if (value === undefined) return whole
      return typeof value === 'string' ? value : JSON.stringify(value)
    }),
  )
}

export const toJobSpec = (run: PreparedRun, runDirectory: string): JobSpec => ({
  run: {
    id: run.id,
    name: run.name,
    project: run.project,
    experiment: run.experiment,
    ...(run.parentId === undefined ? {} : { parentId: run.parentId }),
    iteration: run.iteration,
    attempt: run.attempt,
    labels: run.labels,
  },
  script: run.script,
  ...(run.handler === undefined ? {} : { handler: run.handler }),
  arguments: fillArguments(run.arguments, run.parameters),
  parameters: run.parameters,
  parameterTexts: run.parameterTexts,
  inputs: run.inputs,
  secrets: run.secrets,
  ...(run.returns === undefined ? {} : { returns: run.returns }),
  outPath: run.outPath,
  runDirectory,
  autolog: run.autolog,
  ...(run.autologPackages === undefined ? {} : { autologPackages: run.autologPackages }),
  ...(run.clientEnvironment === undefined ? {} : { environment: run.clientEnvironment }),
})
