import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendObject } from '../bytes/send-object.ts'
import { missing } from './errors.ts'
import type { MlflowContext } from './route.ts'

/** Streams a stored file: whole, or the range that is asked for. */
export async function sendArtifact(
  { places }: MlflowContext,
  { place, path }: { place: string; path: string },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (path === '') throw missing('There is a folder here and no file.')
  return await sendObject({ store: await places.open(place), key: path }, request, reply)
}
