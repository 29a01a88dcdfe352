import { createHash } from 'node:crypto'
import { AppError } from '@trainyard/contract'
import type { FastifyRequest } from 'fastify'
import type { NativeContext } from './context.ts'

/**
 * Carries a request out, once for each `Idempotency-Key` it may come with: a repeat gets the answer that was given, for a day, also
 * from another server of the same records. A refusal is not kept: what was wrong may be mended, and the same key tried again.
 */
export async function once(
  context: NativeContext,
  request: FastifyRequest,
  work: () => Promise<string | Uint8Array>,
): Promise<string | Uint8Array> {
  const key = request.headers['idempotency-key']
  if (key === undefined) return await work()
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(key))
    throw new AppError('invalid_argument', 'The Idempotency-Key has 1 to 200 printable characters without spaces.', {
      details: { field: 'Idempotency-Key' },
    })
  const asked = createHash('sha256')
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
    .digest('hex')
  return await context.tracking.answers.once(key, asked, async () => {
    const answer = await work()
    return typeof answer === 'string' ? answer : Buffer.from(answer).toString()
  })
}
