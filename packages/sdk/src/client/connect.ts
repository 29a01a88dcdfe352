import type { AnswerOf, NativeOperations, OperationId } from '@trainyard/contract/native-api'
import { type Change, type ChangesOptions, followChanges } from './changes.ts'
import { type CallOptions, type ConnectOptions, Connection } from './connection.ts'
import { RemoteArtifact } from './remote-artifact.ts'
import { RemoteModels } from './remote-models.ts'
import { RemoteRuns } from './remote-runs.ts'

/** A server of `trainyard up`, from a program or a page. */
export interface Yard {
  readonly url: string
  readonly runs: RemoteRuns
  readonly models: RemoteModels
  /** `key`, `key:tag`, `key@run`. */
  artifact(text: string, options?: { project?: string }): Promise<RemoteArtifact>
  /** Everything that changes from now on, or behind `after`: runs, metrics, output, artifacts, experiments, models. */
  changes(options?: ChangesOptions): AsyncGenerator<Change, void>
  /** Any operation of the interface by its name, as the API reference lists them. */
  call<Id extends OperationId>(id: Id, options: CallOptions<Id>): Promise<AnswerOf<NativeOperations[Id]>>
}

/** Nothing is asked yet: a wrong address or token is told by the first call. */
export function connect(url: string, options: ConnectOptions = {}): Yard {
  const connection = new Connection(url, options)
  return {
    url: connection.url,
    runs: new RemoteRuns(connection),
    models: new RemoteModels(connection),
    artifact: async (text, { project } = {}) => {
      const query = { text, ...(project === undefined ? {} : { project }) }
      return new RemoteArtifact(connection, await connection.call('resolveArtifact', { query }))
    },
    changes: (following = {}) => followChanges(connection, following),
    call: (id, given) => connection.call(id, given),
  }
}
