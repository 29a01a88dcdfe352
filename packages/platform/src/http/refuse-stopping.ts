import { AppError } from '@trainyard/contract'
import type { FastifyInstance } from 'fastify'

const refusals = new WeakSet<Error>()

/**
 * What comes over a kept connection while the server stops is answered `unavailable` (503), each interface's error in its own form:
 * clients wait, and ask whoever comes after.
 */
export function refuseStopping(app: FastifyInstance): void {
  let hasBegun = false
  app.addHook('preClose', async () => void (hasBegun = true))
  app.addHook('onRequest', async (_request, reply) => {
    if (!hasBegun) return
    const refusal = new AppError('unavailable', 'The server is stopping; ask again in a moment.')
    refusals.add(refusal)
    // For pages and other answers of no interface, whose errors have no table of statuses.
    void reply.code(503)
    throw refusal
  })
}

/** Whether it is the refusal of a server that stops, which is nothing to log as a failure. */
export const isStopping = (error: unknown): boolean => error instanceof Error && refusals.has(error)
