import type { Static, TObject, TSchema } from 'typebox'
import type { Context } from './context/context.ts'
import type { ArtifactOptions } from './artifacts/pack.ts'

/** What a returned value is called and kept as: `'accuracy'`, `'model:model'` (name and kind), or with options of the log call. */
export type ReturnHint =
  | string
  | ({ key: string; artifactType?: string } & Pick<ArtifactOptions, 'tag' | 'labels' | 'format' | 'path'>)

export interface HandlerDefinition<Schema extends TObject> {
  /** The parameters: their types convert and check what the run was given, `default` fills what is missing, others are refused. */
  parameters: Schema
  /** One hint per returned value (a list when there are several), or per key of a returned object. */
  returns?: readonly ReturnHint[]
}

export type HandlerFunction<Parameters extends object> = (context: Context<Parameters>, parameters: Parameters) => unknown

const definitionKey = Symbol.for('trainyard.handler')

export type DefinedHandler<Parameters extends object> = HandlerFunction<Parameters> & {
  readonly [definitionKey]: HandlerDefinition<TObject>
}

/**
 * A handler with typed parameters:
 *
 *     export const train = defineHandler(
 *       { parameters: Type.Object({ eta: Type.Number({ default: 0.3, minimum: 0 }) }) },
 *       async (context, { eta }) => { context.logMetric('loss', 1 / eta); return { accuracy: 0.9 } },
 *     )
 *
 * It stays an ordinary function, to be called in tests with any context.
 */
export function defineHandler<Schema extends TObject>(
  definition: HandlerDefinition<Schema>,
  handler: HandlerFunction<Static<Schema> & object>,
): DefinedHandler<Static<Schema> & object> {
  const defined: HandlerFunction<Static<Schema> & object> = (context, parameters) => handler(context, parameters)
  Object.defineProperty(defined, 'name', { value: handler.name || 'handler' })
  return Object.assign(defined, { [definitionKey]: definition })
}

/** The definition of a handler made by `defineHandler` of any copy of this package. */
export const definitionOf = (handler: object): HandlerDefinition<TObject> | undefined =>
  (handler as { [definitionKey]?: HandlerDefinition<TObject> })[definitionKey]

export type { TSchema }
