import { guardedRequest, type GuardedRequest } from '../../base/guarded-request.ts'
import { judge, type Outcome } from '../../deliveries/index.ts'
import type { SenderContext } from './table.ts'

const patienceMs = 30_000

/** Sends a JSON body and judges the answer. */
export async function postJson(
  url: string,
  body: unknown,
  { allowPrivate }: SenderContext,
  options: Partial<Pick<GuardedRequest, 'method' | 'headers' | 'verifyCertificates'>> = {},
): Promise<Outcome> {
  const { method = 'POST', headers = {}, verifyCertificates = true } = options
  const answer = await guardedRequest({
    url,
    method,
    headers: { 'content-type': 'application/json', 'user-agent': 'trainyard-notification', ...headers },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    timeoutMs: patienceMs,
    allowPrivate,
    verifyCertificates,
  })
  return judge(answer)
}
