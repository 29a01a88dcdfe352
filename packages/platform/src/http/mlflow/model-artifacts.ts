import { type LoggedModelRecord, recordModelArtifact } from '../../tracking/index.ts'
import type { MlflowContext } from './route.ts'

/** A logged model, once it is ready. */
export async function recordLoggedModel({ tracking, places, clock }: MlflowContext, model: LoggedModelRecord): Promise<void> {
  if (model.sourceRunId === null) return
  await recordModelArtifact(tracking, places, {
    runId: model.sourceRunId,
    key: model.name,
    place: await places.ofModel(model),
    facts: { modelId: model.id },
    createdAtMs: clock.nowMs(),
  })
}

/** A folder with a model in it, which older clients put among the files of its run. */
export async function recordRunModel({ tracking, places, clock }: MlflowContext, runId: string, path: string): Promise<void> {
  const run = await tracking.runs.find(runId)
  if (!run || path === '') return
  const place = `${run.outPath.replace(/\/+$/, '')}/${path}`
  await recordModelArtifact(tracking, places, { runId, key: path, place, facts: {}, createdAtMs: clock.nowMs() })
}
