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
      multipart_uploads_enabled: true,
      multipart_downloads_enabled: true,
    }),
    '3.0',
  ),
]
