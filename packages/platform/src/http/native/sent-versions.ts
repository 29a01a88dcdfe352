import { AppError, type RunRecord } from '@trainyard/contract'
import type { CallOf, SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { placeInRun } from './sent-places.ts'

/** Versions of registered models that runs on other machines have made. */
export const sentVersionHandlers: SomeHandlers<'sendVersion'> = {
  sendVersion: async (context, { path, body, caller }) => {
    const { createdBy, path: _, model, ...given } = body
    const run = await context.tracking.runs.get(path.run)
    if (body.project !== run.project)
      throw new AppError(
        'invalid_argument',
        `'project': run ${run.id} is of project '${run.project}', and its versions are registered there, not in '${body.project}'.`,
        { details: { field: 'project' } },
      )
    const location = await locationOf(context, run, body)
    const { description, ...described } = model
    const { version, isNew } = await context.registry.shipped.put(
      run.id,
      {
        ...given,
        // Paths and versions of the other machine mean nothing here.
        source: sameEverywhere.test(given.source) ? given.source : location,
        location,
        model: { ...described, ...(description !== null && { description }) },
      },
      { ...caller, by: createdBy, reason: `Registered on ${run.host} and sent from there.` },
    )
    if (version.loggedModelId !== null) await context.tracking.loggedModels.noteRegistration(version.loggedModelId, version)
    if (isNew) context.onRegistryChange?.()
    return { version: version.version }
  },
}

const sameEverywhere = /^(?:runs:\/[0-9a-f]{32}(?:\/(?!\.\.(?:\/|$))[^/\\%?#;]*)*|models:\/m-[0-9a-f]{32})$/

/** The files of a logged model, those of an artifact, or what lies in the folder of the run. */
async function locationOf(context: NativeContext, run: RunRecord, body: CallOf<'sendVersion'>['body']): Promise<string> {
  const { loggedModelId, artifactId, path, location } = body
  const model = loggedModelId === null ? undefined : await context.tracking.loggedModels.find(loggedModelId)
  if (model?.project === run.project) return await context.placeOfModel(model)
  const artifacts = artifactId === null ? [] : await context.tracking.artifacts.ofRun(run.id)
  return artifacts.find(({ id }) => id === artifactId)?.target ?? placeInRun(run, { path, target: location })
}
