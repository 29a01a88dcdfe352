import { isJsonObject, type JsonObject } from '@trainyard/contract'
import { invalid } from './errors.ts'
import type { MlrunCall } from './route.ts'

/** The body as a JSON object; `what` it is to be, for the sentence when it is none: `a run`. */
export function documentIn(call: MlrunCall, what: string): JsonObject {
  const body = call.body()
  if (isJsonObject(body)) return body
  throw invalid(`The body is to be ${what}, as a JSON object.`)
}
