import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Patience {
  readonly lookEveryMs: number
  /** A connection whose request or answer moves less than this... */
  readonly leastBytes: number
  /** ...in each of that many looks in a row is cut. */
  readonly looks: number
}

/** 30 seconds at less than 100 bytes a second: nobody's line, however bad; who holds many such requests open would use up the server. */
const usualPatience: Patience = { lookEveryMs: 10_000, leastBytes: 1_000, looks: 3 }

export interface SlowClients extends Disposable {
  /** Whether a request of this connection, told at least in its header, is under way. */
  isBusy(socket: Socket): boolean
}

interface Watched {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
  readBytes: number
  writtenBytes: number
  slowLooks: number
}

/**
 * Cuts clients that send a request or take an answer drop by drop. A stream of events with nothing to say is not slow, nor is an
 * answer that the server itself is still working on.
 */
export function cutSlowClients(server: Server, patience: Patience = usualPatience): SlowClients {
  const watched = new Map<Socket, Watched>()
  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    const { bytesRead: readBytes, bytesWritten: writtenBytes } = socket
    watched.set(socket, { request, response, socket, readBytes, writtenBytes, slowLooks: 0 })
    response.once('close', () => {
      if (watched.get(socket)?.response === response) watched.delete(socket)
    })
  }
  const look = (): void => {
    for (const each of watched.values()) {
      const { request, response, socket } = each
      const sends = !request.complete && socket.bytesRead - each.readBytes < patience.leastBytes && !isPaused(request)
      const takes = socket.writableLength > 0 && socket.bytesWritten - each.writtenBytes < patience.leastBytes
      each.slowLooks = sends || takes ? each.slowLooks + 1 : 0
      each.readBytes = socket.bytesRead
      each.writtenBytes = socket.bytesWritten
      if (each.slowLooks >= patience.looks) {
        watched.delete(socket)
        response.destroy()
        socket.destroy()
      }
    }
  }
  server.prependListener('request', begin)
  const timer = setInterval(look, patience.lookEveryMs).unref()
  return {
    isBusy: (socket) => watched.has(socket),
    [Symbol.dispose]() {
      clearInterval(timer)
      server.off('request', begin)
      watched.clear()
    },
  }
}

/** The server reads nothing at the moment, so that the client can send nothing: what it writes to is slow, not the client. */
const isPaused = (request: IncomingMessage): boolean => request.isPaused() || request.readableLength > 0
