import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** The methods that an address has, of a request whose own it has not. Empty where there is no such address. */
function otherMethods(request: FastifyRequest): string[] {
  const url = request.url.split('?', 1)[0]!
  return methods.filter((method) => method !== request.method && request.server.findRoute({ method, url }) !== null)
}

export interface NotServed {
  status: 404 | 405
  /** One sentence with what there is instead. */
  message: string
}

/** What is to be told of a request that nothing serves; names the methods there are, in the header `allow` too. */
export function notServed(request: FastifyRequest, reply: FastifyReply): NotServed {
  const path = request.url.split('?', 1)[0]!.slice(0, 200)
  const others = otherMethods(request)
  if (others.length === 0) return { status: 404, message: `There is no ${path} here.` }
  void reply.header('allow', others.join(', '))
  return { status: 405, message: `${path} takes ${others.join(', ')}, not ${request.method}.` }
}

/** Addresses below a prefix that nothing serves are answered as the dialect of the prefix answers errors. */
export function answerNotServed(
  app: FastifyInstance,
  prefix: string,
  send: (reply: FastifyReply, told: NotServed) => FastifyReply,
): void {
  void app.register(
    (scope, _options, done) => {
      scope.setNotFoundHandler(async (request, reply) => await send(reply, notServed(request, reply)))
      done()
    },
    { prefix },
  )
}
