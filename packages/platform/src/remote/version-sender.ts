import type { RunRecord } from '@trainyard/contract'
import { RemoteRefusal } from './remote-server.ts'
import { pathInRun } from './run-files.ts'
import type { SenderOptions } from './run-sender.ts'

/**
 * Sends the versions of registered models that a run which has ended was registered as. The server knows which of them it has, so a
 * repeat makes no second one.
 */
export async function sendVersions({ registry, remote, note }: SenderOptions, record: RunRecord): Promise<void> {
  for (const name of await registry.versions.madeBy([record.id])) {
    const version = await registry.versions.find(name)
    const model = await registry.models.find(name)
    // They have been deleted meanwhile.
    if (!version || !model) continue
    const { runId: _run, createdAtMs: _at, updatedAtMs: _updated, ...given } = version
    const body = {
      ...given,
      path: pathInRun(record, version.location) ?? null,
      model: { description: model.description, tags: model.tags },
    }
    try {
      await remote.json('PUT', `/runs/${record.id}/model-versions`, { body })
    } catch (error) {
      if (!(error instanceof RemoteRefusal && error.isFinal)) throw error
      await note(`Version ${version.version} of the registered model '${version.name}' was not sent: ${error.message}`)
    }
  }
}
