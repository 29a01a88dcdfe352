import { setTimeout as delay } from 'node:timers/promises'
import { isEnded, type RunRecord } from '@trainyard/contract'
import { reporter } from '../../tracking/index.ts'
import { Answer, type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { findRun } from './runs.ts'
import { stateWord } from './states.ts'

/** A client that follows a log asks again at once, so an answer waits this long for something to tell. */
const patienceMs = 1_000
const pollMs = 100
const usualSizeBytes = 1024 * 1024

export const logRoutes: readonly Route[] = (['projects/:project/logs/:uid', 'log/:project/:uid'] as const).flatMap((path) => [
  route('POST', path, store),
  route('GET', path, read),
  route('GET', `${path}/size`, async (context, call) => ({
    size: await context.tracking.logs.sizeBytes((await runOf(context, call)).id),
  })),
])

const runOf = (context: MlrunContext, { params: { project = '', uid = '' } }: MlrunCall): Promise<RunRecord> =>
  findRun(context, { project, uid })

async function store(context: MlrunContext, call: MlrunCall): Promise<object> {
  const run = await runOf(context, call)
  const { logs } = context.tracking
  // The output of a process of ours is taken from the process itself.
  const isOurs = run.supervisor !== null && run.supervisor.host !== reporter(0).host
  if (isOurs || call.bytes.length === 0) return {}
  const chunk = { timeMs: context.clock.nowMs(), bytes: call.bytes }
  if (call.query.flag('append') === false) await logs.replace(run.id, [{ ...chunk, offset: 0 }])
  else await logs.append(run.id, [{ ...chunk, offset: await logs.sizeBytes(run.id) }])
  return {}
}

async function read(context: MlrunContext, call: MlrunCall): Promise<Answer> {
  const offset = Math.max(call.query.integer('offset') ?? 0, 0)
  const asked = call.query.integer('size') ?? usualSizeBytes
  const limitBytes = asked < 0 ? Number.POSITIVE_INFINITY : asked
  const run = await whenThereIsMore(context, await runOf(context, call), offset)
  const pieces: Uint8Array[] = []
  for await (const { bytes } of context.tracking.logs.read(run.id, { offset, limitBytes })) pieces.push(bytes)
  return new Answer(200, Buffer.concat(pieces), {
    'content-type': 'text/plain; charset=utf-8',
    'x-mlrun-run-state': stateWord(run.state),
  })
}

async function whenThereIsMore({ tracking }: MlrunContext, found: RunRecord, offset: number): Promise<RunRecord> {
  let run = found
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
    if (isEnded(run.state) || (await tracking.logs.sizeBytes(run.id)) > offset) break
    await delay(pollMs)
    run = (await tracking.runs.find(run.id)) ?? run
  }
  return run
}
