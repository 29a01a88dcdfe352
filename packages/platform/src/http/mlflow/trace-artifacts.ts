import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ObjectStore } from '../../objects/index.ts'
import { largestTraceFileBytes, readTraceFile, traceFile } from '../../traces/index.ts'
import { checkPath } from './artifact-places.ts'
import { invalid } from './errors.ts'
import type { MlflowContext } from './route.ts'
import { sendArtifact } from './send-artifact.ts'
import { toTraceFile } from './span-view.ts'
import { getTrace } from './traces.ts'

/** Spans in an uploaded file become spans like any others, so that searches and newer clients find them. */
export async function takeTraceFile(context: MlflowContext, traceId: string, store: ObjectStore): Promise<void> {
  const info = await store.head(traceFile)
  if (!info || (info.sizeBytes ?? 0) > largestTraceFileBytes) return
  const { stream } = await store.get(traceFile)
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk as Uint8Array)
  const spans = readTraceFile(traceId, Buffer.concat(chunks).toString())
  const trace = await context.traces.find(traceId)
  // A file that holds something else is kept as it is.
  if (spans && spans.length > 0 && trace) await context.traces.addSpans(trace.experimentId, spans)
}

/** The file as it was uploaded, or written from the spans of a trace that came without one. */
export async function sendTraceFile(
  context: MlflowContext,
  { id, place }: { id: string; place: string },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const store = await context.places.open(place)
  if (await store.head(traceFile)) return await sendArtifact(context, { place, path: traceFile }, request, reply)
  const spans = (await context.traces.spansOf([id])).get(id)
  if (!spans) return await sendArtifact(context, { place, path: traceFile }, request, reply)
  return await reply.type('application/json').send(toTraceFile(spans))
}

/** Files of traces by the trace's id, as dashboards ask for them. */
export function traceReading(app: FastifyInstance, context: MlflowContext): void {
  for (const version of ['2.0', '3.0']) {
    app.get(`/ajax-api/${version}/mlflow/get-trace-artifact`, async (request, reply) => {
      const { request_id, trace_id, path = traceFile } = request.query as Record<string, string | undefined>
      const id = request_id ?? trace_id
      if (typeof id !== 'string' || id === '') throw invalid("Missing value for required parameter 'request_id'.")
      const trace = await getTrace(context, id)
      const place = await context.places.ofTrace(trace)
      if (path === traceFile) return await sendTraceFile(context, { id, place }, request, reply)
      return await sendArtifact(context, { place, path: checkPath(path) }, request, reply)
    })
  }
}
