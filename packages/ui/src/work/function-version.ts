import type { JsonObject } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'

/** One version of a function, as the server tells it. */
export interface FunctionVersion {
  project: string
  name: string
  kind: string
  hash: string
  isVersioned: boolean
  tags: string[]
  reference: string
  spec: FunctionSpec
  document: JsonObject
  status: JsonObject | null
  createdAtMs: number
  updatedAtMs: number
}
