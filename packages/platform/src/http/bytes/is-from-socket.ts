import { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

/** Whether nobody else has the pieces of a body. A request that was made up beside any socket carries buffers of whoever made it. */
export const isFromSocket = (body: Readable): boolean => body instanceof IncomingMessage
