import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { invalid } from './errors.ts'
import { inTraceWords } from './trace-context.ts'
import { readOtlpJson } from './otlp-json.ts'
import { type OtlpSpan, toSpanRecord } from './otlp-span.ts'
import type { JobReach } from './job-reach.ts'
import { experimentOfTraces, type Job } from './job-scope.ts'
import type { MlflowContext } from './route.ts'

const largestBodyBytes = 64 * 1024 * 1024

/** `POST /v1/traces`: where OpenTelemetry's exporters, and MLflow's newer clients, send spans. */
export function otlpRoutes(app: FastifyInstance, context: MlflowContext, senders: Senders): void {
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: largestBodyBytes }, (_request, body, done) => done(null, body))
  app.post('/v1/traces', async (request, reply) => await takeSpans(context, senders, request, reply))
}

interface Senders {
  /** The job that a request comes from. */
  jobOf(request: FastifyRequest): Promise<Job | undefined>
  readonly reach: JobReach
}

async function takeSpans(
  context: MlflowContext,
  { jobOf, reach }: Senders,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const experimentId = header(request, 'x-mlflow-experiment-id')
  const type = (header(request, 'content-type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (type !== 'application/x-protobuf' && type !== 'application/json')
    throw invalid(`Invalid Content-Type: ${type || 'none'}. Expected: application/x-protobuf or application/json`)
  if (experimentId === undefined) {
    const message = "The header 'x-mlflow-experiment-id' is missing: it says which experiment the spans belong to."
    return await reply
      .code(422)
      .type('application/json')
      .send(JSON.stringify({ error_code: 'INVALID_PARAMETER_VALUE', message }))
  }
  const body = await decompress(request.body as Buffer, header(request, 'content-encoding'))
  const sent = await decode(body, type)
  const spans = sent.map(toSpanRecord)
  if (spans.length === 0) throw invalid('Invalid OpenTelemetry format - no spans found')
  const records = spans.filter((span) => span !== undefined)
  if (records.length < spans.length)
    throw invalid('Cannot convert OpenTelemetry span to MLflow span: a trace id, a span id or a time is missing or wrong.')
  const job = await jobOf(request)
  const runId = header(request, 'x-mlflow-run-id')
  if (job) {
    await reach.checkTraces(
      job,
      records.map(({ traceId }) => traceId),
    )
    if (runId !== undefined) await reach.checkFile(job, { kind: 'run', id: runId }, true)
  }
  await inTraceWords(async () => {
    await context.traces.addSpans(job ? experimentOfTraces(job.family, experimentId) : experimentId, records)
    const roots = records.flatMap(({ traceId, parentId }, at) => (parentId === null ? [{ traceId, span: sent[at]! }] : []))
    const idsOf = (some: typeof roots): string[] => some.map(({ traceId }) => traceId)
    if (runId !== undefined && roots.length > 0) await context.traces.linkToRun(idsOf(roots), runId)
    // MLflow's own clients tell of the trace too, and of its run; other exporters know no runs.
    const foreign = roots.filter(({ span }) => span.attributes['mlflow.traceRequestId'] === undefined)
    if (runId === undefined && job && foreign.length > 0) await context.traces.linkToRun(idsOf(foreign), job.runId)
    return {}
  })
  // An empty message says that all of it was taken; each encoding has its own.
  return type === 'application/json'
    ? await reply.type('application/json').send('{"partialSuccess":{}}')
    : await reply.type('application/x-protobuf').send(Buffer.alloc(0))
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

async function decode(body: Buffer, type: string): Promise<OtlpSpan[]> {
  try {
    if (type === 'application/json') return readOtlpJson(body.toString())
    const { readOtlpProtobuf } = await import('./otlp-protobuf.ts')
    return readOtlpProtobuf(body)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw invalid(`Invalid OpenTelemetry format: ${reason.slice(0, 200)}`)
  }
}

const limits = { maxOutputLength: largestBodyBytes }

async function decompress(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  const name = (encoding ?? 'identity').trim().toLowerCase()
  if (name === 'identity') return body
  if (name !== 'gzip' && name !== 'deflate') throw invalid(`Unsupported Content-Encoding: ${name}`)
  // Some senders of `deflate` leave its header away.
  for (const unpack of name === 'gzip' ? [promisify(gunzip)] : [promisify(inflate), promisify(inflateRaw)]) {
    const plain = await unpack(body, limits).catch(() => undefined)
    if (plain) return plain
  }
  throw invalid(`Failed to decompress ${name} payload (at most ${largestBodyBytes} bytes may come out of it)`)
}
