import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Less than what supervisors of services wait before they kill. */
const usualDeadlineMs = 10_000

export interface ConnectionEnd {
  /** Ends what has no request under way, a half-sent header too, at once; the rest is given the deadline. */
  begin(): void
}

/** How the connections of a server end when it stops, however slowly their clients send. */
export function endingConnections(
  server: Server,
  isBusy: (socket: Socket) => boolean,
  deadlineMs = usualDeadlineMs,
): ConnectionEnd {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    begin() {
      for (const socket of sockets) if (!isBusy(socket)) socket.destroySoon()
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
        server.closeAllConnections()
      }, deadlineMs).unref()
      server.once('close', () => clearTimeout(timer))
    },
  }
}
