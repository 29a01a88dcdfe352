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
  /** Of the answer, in pieces that were taken whole. */
  takenBytes: number
  /** Of the pieces under way, what the system has not taken yet. */
  queuedBytes: number
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
    watched.set(socket, { request, response, socket, readBytes: socket.bytesRead, ...sentOf(socket), slowLooks: 0 })
    response.once('close', () => {
      if (watched.get(socket)?.response === response) watched.delete(socket)
    })
  }
  const look = (): void => {
    for (const each of watched.values()) {
      const { request, response, socket } = each
      const sends = !request.complete && socket.bytesRead - each.readBytes < patience.leastBytes && !isPaused(request)
      const { takenBytes, queuedBytes } = sentOf(socket)
      // What the server adds meanwhile is no progress: only what has left counts.
      const hasTaken = Math.max(takenBytes - each.takenBytes, each.queuedBytes - queuedBytes)
      const takes = socket.writableLength > 0 && hasTaken < patience.leastBytes
      each.slowLooks = sends || takes ? each.slowLooks + 1 : 0
      each.readBytes = socket.bytesRead
      each.takenBytes = takenBytes
      each.queuedBytes = queuedBytes
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

/**
 * The public counters move when a piece has been taken whole, and a steady client at 10 kB/s takes a minute for one of 512 KiB. How much of
 * it has left is told by the number that Node's own timeouts of sockets look at, which has no public name; without it, pieces alone count.
 */
function sentOf(socket: Socket): { takenBytes: number; queuedBytes: number } {
  const handle: unknown = Reflect.get(socket, '_handle')
  const queued: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'writeQueueSize') : undefined
  return { takenBytes: socket.bytesWritten - socket.writableLength, queuedBytes: typeof queued === 'number' ? queued : 0 }
}

/** The server reads nothing at the moment, so that the client can send nothing: what it writes to is slow, not the client. */
const isPaused = (request: IncomingMessage): boolean => request.isPaused() || request.readableLength > 0
