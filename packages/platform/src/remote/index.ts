/**
 * Another machine's server, through its native interface: reading its records (`TRAINYARD_URL=… trainyard ls`), and sending it runs that
 * work here.
 *
 * A run is always kept in the data directory of its own machine first; sending compares what is here with what is there and sends the
 * difference, so it can be cut off anywhere and taken up by anybody. It starts nothing, and serves nothing.
 *
 * Start with `shipper.ts` (when what is sent), then `run-sender.ts` (one run); `remote-records.ts` is the reading side.
 */
export { Outbox } from './outbox.ts'
export { createRemoteTracking, onlySome } from './remote-records.ts'
export { createRemoteRegistry } from './remote-registry.ts'
export { createRemoteSecrets } from './remote-secrets.ts'
export { RemoteServer } from './remote-server.ts'
export type { SentPlaces } from './sent-files.ts'
export { Shipper } from './shipper.ts'
