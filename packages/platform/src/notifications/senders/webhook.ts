import { AppError, type JsonValue, toWireNumber } from '@trainyard/contract'
import { webhookMethods } from '../check-values.ts'
import { fillTemplate, type Message } from '../message.ts'
import { flag, text } from '../params.ts'
import { postJson } from './post-json.ts'
import type { Sender } from './table.ts'

/**
 * To any address: `url`, `method` (POST), `headers`, `verify_ssl`, and `override_body`, whose texts are templates; in it a text
 * `{{ runs }}` stands for the list of runs, as MLRun has it.
 */
export const sendWebhook: Sender = (params, message, context) => {
  const method = webhookMethods.find((each) => each === text(params, 'method', 'POST').toUpperCase())
  if (method === undefined)
    throw new AppError('invalid_argument', `A webhook's method is ${webhookMethods.join(', ')}, not ${text(params, 'method')}.`)
  const { headers, override_body: body } = params
  const given =
    typeof headers === 'object' && headers !== null && !Array.isArray(headers)
      ? Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [
            name.toLowerCase(),
            typeof value === 'string' ? value : JSON.stringify(value),
          ]),
        )
      : {}
  return postJson(text(params, 'url'), body === undefined || body === null ? usualBody(message) : fill(body, message), context, {
    method,
    headers: given,
    verifyCertificates: flag(params, 'verify_ssl', true),
  })
}

const usualBody = ({ title, text: told, severity, run }: Message): object => ({
  message: title,
  text: told,
  severity,
  runs: [runBody({ run })],
})

const runBody = ({ run }: Pick<Message, 'run'>): { [key: string]: JsonValue } => ({
  id: run.id,
  name: run.name,
  project: run.project,
  state: run.state,
  owner: run.owner,
  startedAtMs: run.startedAtMs,
  endedAtMs: run.endedAtMs,
  error: run.error?.message ?? null,
  parameters: run.parameters,
  results: Object.fromEntries(
    Object.entries(run.results).map(([key, value]) => [key, typeof value === 'number' ? toWireNumber(value) : value]),
  ),
  labels: run.labels,
})

function fill(value: JsonValue, message: Message): JsonValue {
  if (typeof value === 'string') return /^\{\{\s*runs\s*\}\}$/.test(value) ? [runBody(message)] : fillTemplate(value, message.run)
  if (Array.isArray(value)) return value.map((each) => fill(each, message))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, message)]))
  return value
}
