import type { Clock } from '../../base/clock.ts'
import type { Registry } from '../../registry/index.ts'
import type { Evaluation } from '../../evaluation/index.ts'
import type { Traces } from '../../traces/index.ts'
import type { Tracking } from '../../tracking/index.ts'
import type { PartUploads } from '../../objects/index.ts'
import type { Webhooks } from '../../webhooks/index.ts'
import type { ArtifactPlaces } from './artifact-places.ts'
import type { Job } from './job-scope.ts'
import type { Decoder } from './wire.ts'

/** What the routes of this dialect work with. */
export interface MlflowContext {
  readonly tracking: Tracking
  readonly registry: Registry
  readonly traces: Traces
  readonly evaluation: Evaluation
  readonly clock: Clock
  readonly places: ArtifactPlaces
  readonly webhooks: Webhooks
  readonly uploads: PartUploads
  /** Whose a request is that names nobody. */
  readonly userName: string
  /** Told after a request that may have changed the registry. */
  readonly onRegistryChange?: (() => void) | undefined
}

/** What a request says beside its message. */
export interface MlflowCall {
  /** Named parts of the address, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** The project that experiments are looked for in. */
  readonly project: string
  /** Who calls as far as the request says, who it is where nothing does, and with which program. */
  readonly caller?: { readonly by: string | undefined; readonly otherwise: string; readonly via: string }
  /** The job that the call comes from, when it carried the token of one. */
  readonly job?: Job
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT'
  /** Behind `/api/2.0/mlflow/`. */
  readonly path: string
  readonly version: '2.0' | '3.0'
  /** Of an answer without an error; 200 unless it says otherwise. */
  readonly status?: number
  /** Decodes and answers; the answer is a message that becomes JSON. Absent fields are `undefined`, never null. */
  handle(context: MlflowContext, written: unknown, call: MlflowCall): Promise<object>
}

/** One row of a table of routes. */
export const route = <Message>(
  method: Route['method'],
  path: string,
  decode: Decoder<Message>,
  handle: (context: MlflowContext, message: Message, call: MlflowCall) => Promise<object>,
  version: Route['version'] = '2.0',
): Route => ({
  method,
  path,
  version,
  handle: (context, written, call) => handle(context, decode(written, ''), call),
})
