import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { invalid, missing } from './errors.ts'
import { inProtocolWords } from './registry-context.ts'
import { versionNumber } from './registry-view.ts'
import type { MlflowContext } from './route.ts'
import { sendArtifact } from './send-artifact.ts'
import { createVersionLineage } from './version-lineage.ts'
import { required } from './wire.ts'

/** A file of a model version. Only what lies in a folder this server serves anyway: it fetches nothing for anybody. */
export function modelVersionReading(
  app: FastifyInstance,
  context: MlflowContext,
  projectOf: (request: FastifyRequest) => string,
): void {
  const lineage = createVersionLineage(context)
  const byVersion = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { name, version, path } = request.query as Record<string, string | undefined>
    const named = { project: projectOf(request), name: required(name, 'name'), version: versionNumber(version) }
    if (!path) throw invalid("Missing value for required parameter 'path'.")
    const found = await context.registry.versions.get(named).catch((error: unknown) => {
      throw inProtocolWords(error)
    })
    const [, served] = /^mlflow-artifacts:\/+([^/][^]*)$/.exec(await lineage.downloadUri(found)) ?? []
    if (served === undefined)
      throw missing(
        `The files of version ${named.version} of '${named.name}' are not on this server; fetch them from its download address.`,
      )
    const { place, path: whole } = await context.places.resolve(`${served}/${path}`)
    return await sendArtifact(context, { place, path: whole }, request, reply)
  }
  app.get('/model-versions/get-artifact', byVersion)
  app.get('/ajax-api/2.0/mlflow/model-versions/get-artifact', byVersion)
}
