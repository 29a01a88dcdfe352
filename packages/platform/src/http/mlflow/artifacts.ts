import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { traceFile } from '../../traces/index.ts'
import { checkPath, fileNameOf } from './artifact-places.ts'
import { invalid } from './errors.ts'
import { getModel } from './logged-models.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { sendArtifact } from './send-artifact.ts'
import { storeArtifact } from './store-artifact.ts'
import { sendTraceFile } from './trace-artifacts.ts'
import { artifactUriOf, present } from './run-view.ts'
import { getRun, runFields, runIdOf } from './runs.ts'
import { message, text } from './wire.ts'

export const artifactListRoutes: readonly Route[] = [
  route('GET', 'artifacts/list', message({ ...runFields, path: text }), async (context, request) => {
    const run = await getRun(context, runIdOf(request))
    const experiments = await context.tracking.experiments.ofRuns([run.id])
    const files = await context.places.list(run.outPath, request.path ?? '')
    return { root_uri: artifactUriOf(run, experiments.get(run.id)!), files: present(files) }
  }),
]

/** Bytes in and out. Registered in a scope that leaves bodies alone: they are streamed. */
export function artifactProxy(app: FastifyInstance, context: MlflowContext, prefix: string): void {
  const { places } = context
  const pathOf = (request: FastifyRequest): string => (request.params as { '*': string })['*']
  const root = `${prefix}/2.0/mlflow-artifacts/artifacts`

  app.put(`${root}/*`, async (request, reply) => {
    const found = await places.resolve(pathOf(request))
    if (found.path === '') throw invalid('Invalid path: it names no file.')
    await storeArtifact(context, found, request.raw)
    return await reply.type('application/json').send('{}')
  })
  app.get(`${root}/*`, { exposeHeadRoute: false }, async (request, reply) => {
    const { owner, place, path } = await places.resolve(pathOf(request))
    if (owner.kind === 'trace' && path === traceFile) return await sendTraceFile(context, { id: owner.id, place }, request, reply)
    return await sendArtifact(context, { place, path }, request, reply)
  })
  app.head(`${root}/*`, async (request, reply) => {
    const { place, path } = await places.resolve(pathOf(request))
    return await sendArtifact(context, { place, path }, request, reply)
  })
  app.delete(`${root}/*`, async (request, reply) => {
    const { place, path } = await places.resolve(pathOf(request).replace(/\/+$/, ''))
    if (path === '') throw invalid('Invalid path: it names all artifacts of a run, model or trace at once; name one below.')
    await places.remove(place, path)
    return await reply.type('application/json').send('{}')
  })
  app.get(root, async (request, reply) => {
    const { path = '' } = request.query as { path?: string }
    if (typeof path !== 'string' || path === '') throw invalid("Missing value for required parameter 'path'.")
    const found = await places.resolve(path.replace(/\/+$/, ''))
    const files = await places.list(found.place, found.path)
    const named = files.map((file) => ({ ...file, path: fileNameOf(file.path) }))
    return await reply.type('application/json').send(JSON.stringify({ files: present(named) }))
  })
}

/** Artifacts by run or model rather than by address, as dashboards and scripts ask for them. */
export function artifactReading(app: FastifyInstance, context: MlflowContext): void {
  const byRun = async (request: FastifyRequest, reply: FastifyReply) => {
    const { run_id, run_uuid, path } = request.query as Record<string, string | undefined>
    const run = await getRun(context, runIdOf({ ...(run_id ? { run_id } : {}), ...(run_uuid ? { run_uuid } : {}) }))
    if (!path) throw invalid("Missing value for required parameter 'path'.")
    return await sendArtifact(context, { place: run.outPath, path: checkPath(path) }, request, reply)
  }
  app.get('/get-artifact', byRun)
  app.get('/ajax-api/2.0/mlflow/get-artifact', byRun)
  app.get('/ajax-api/2.0/mlflow/logged-models/:model_id/artifacts/files', async (request, reply) => {
    const model = await getModel(context, (request.params as { model_id: string }).model_id)
    const { artifact_file_path: path } = request.query as Record<string, string | undefined>
    if (!path) throw invalid("Missing value for required parameter 'artifact_file_path'.")
    const place = await context.places.ofModel(model)
    return await sendArtifact(context, { place, path: checkPath(path) }, request, reply)
  })
  app.post('/ajax-api/2.0/mlflow/upload-artifact', { bodyLimit: 10 * 1024 * 1024 }, async (request, reply) => {
    const { run_uuid, path } = request.query as Record<string, string | undefined>
    const run = await getRun(context, runIdOf(run_uuid ? { run_uuid } : {}))
    if (!path) throw invalid("Missing value for required parameter 'path'.")
    const found = await context.places.resolve(`${run.id}/artifacts/${path}`)
    await storeArtifact(context, found, request.raw)
    return await reply.type('application/json').send('{}')
  })
}
