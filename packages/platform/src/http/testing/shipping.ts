import { Outbox, RemoteServer, Shipper } from '../../remote/index.ts'
import type { OpenServer } from './open-server.ts'

/** Sends runs of one server's records to another server, asked without a socket. `folder` holds the outbox. */
export function shipperBetween(here: OpenServer, there: OpenServer, folder: string): Shipper {
  const send: typeof fetch = async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input)
    const answer = await there.app.inject({
      method: (init?.method ?? 'GET') as 'GET',
      url: `${pathname}${search}`,
      headers: { ...(init?.headers as Record<string, string>), host: 'localhost' },
      ...(init?.body == null ? {} : { payload: Buffer.from(await new Response(init.body).arrayBuffer()) }),
    })
    return new Response(new Uint8Array(answer.rawPayload), { status: answer.statusCode })
  }
  return new Shipper({
    ...here.sources,
    remote: new RemoteServer({ url: 'http://localhost:1', fetch: send }),
    outbox: new Outbox(folder),
    onAsked: () => undefined,
    onTrouble: () => undefined,
  })
}
