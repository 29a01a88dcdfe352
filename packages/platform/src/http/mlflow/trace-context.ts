import { isAppError } from '@trainyard/contract'
import { invalid, missing } from './errors.ts'

const sentences: Record<string, (details: Readonly<Record<string, unknown>>) => Error> = {
  'not_found trace': ({ id }) => missing(`Trace with ID '${String(id)}' not found.`),
  'not_found tag': ({ id, key }) => missing(`No trace tag with key '${String(key)}' for trace with request_id '${String(id)}'`),
  'not_found experiment': ({ id }) => missing(`No Experiment with id=${String(id)} exists`),
  'not_found run': ({ id }) => missing(`Run with id=${String(id)} not found`),
  'not_found assessment': ({ id, trace }) => missing(`Assessment with ID '${String(id)}' not found for trace '${String(trace)}'`),
  'failed_precondition experiment': ({ id }) =>
    invalid(`The experiment ${String(id)} must be in the 'active' state. Current state is deleted.`),
}

/** Runs a handler whose refusals are those of the traces, in the words of this protocol. */
export async function inTraceWords<Result>(handler: () => Promise<Result>): Promise<Result> {
  try {
    return await handler()
  } catch (error) {
    if (!isAppError(error)) throw error
    const say = sentences[`${error.code} ${String(error.details['record'])}`]
    throw say ? say(error.details) : error
  }
}
