import type { FastifyRequest } from 'fastify'

/** Whether the client went away in the middle of what it sent. What fails then is no defect of ours: one line, no stack. */
export function noteVanished(request: FastifyRequest): boolean {
  const { raw } = request
  if (raw.complete || !raw.destroyed) return false
  request.log.info({ method: request.method, path: request.url.split('?', 1)[0] }, 'the client left before all was sent')
  return true
}
