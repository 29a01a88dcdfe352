import { type Route, route } from './route.ts'
import { message } from './wire.ts'

/** What the protocol's clients may expect of the server they talk to. Nothing is promised that is not served. */
export const serverRoutes: readonly Route[] = [
  route(
    'GET',
    'server-info',
    message({}),
    async () => ({
      store_type: 'SqlStore',
      workspaces_enabled: true,
      trace_archival_enabled: false,
      // Both work where a client asks for them; by themselves they would fail behind a proxy that does not say how it is reached.
      multipart_uploads_enabled: false,
      multipart_downloads_enabled: false,
    }),
    '3.0',
  ),
]
