import { setTimeout as sleep } from 'node:timers/promises'
import { isEnded } from '@trainyard/contract'
import type { Command } from 'commander'
import type { LogChunk, Tracking } from '../../tracking/index.ts'
import type { Cli } from '../cli.ts'
import { parseCount } from '../option-values.ts'
import { formatTime, shortId } from '../output/format.ts'
import { toJsonLine } from '../output/json.ts'
import { visible } from '../output/visible.ts'
import { tailOffset } from '../log-tail.ts'
import { addExamples } from '../examples.ts'
import { openRecords } from '../open-records.ts'
import type { Session } from '../session.ts'

interface LogOptions {
  follow?: boolean
  tail?: string
  timestamps?: boolean
}

/** How soon new output is seen; a look at the store costs well under a millisecond. */
const pollMs = 150

export function define(command: Command, cli: Cli): void {
  command
    .argument('[run]', 'a run: its id or the start of it, a name, latest, or <sweep>/<number>', 'latest')
    .option('-f, --follow', 'go on until the run ends')
    .option('-n, --tail <lines>', 'only the last lines')
    .option('-t, --timestamps', 'the time before each line')
    .action(async (reference: string, options: LogOptions) => {
      const tail = options.tail === undefined ? undefined : parseCount(options.tail, '--tail')
      await using session = await openRecords(cli)
      const { tracking } = session
      const id = await tracking.runs.resolve(reference, cli.project === undefined ? {} : { project: cli.project })
      const offset = tail === undefined ? 0 : await tailOffset(tracking.logs, id, tail)
      const write = cli.globals.json
        ? jsonWriter(cli)
        : options.timestamps === true
          ? timestampWriter(cli)
          : (chunk: LogChunk) => cli.write(chunk.bytes)
      const end = await copyFrom(tracking, id, offset, write)
      const last = options.follow === true ? await follow(cli, session, id, end, write) : end
      if (last === 0) await tellWhyEmpty(cli, tracking, id)
    })
  addExamples(command, cli, [
    ['trainyard logs', 'the output of the newest run, byte for byte'],
    ['trainyard logs latest -f', 'and what is still to come'],
    ['trainyard logs train-iris/12 --tail 20 -t', 'the last 20 lines with times'],
  ])
}

type Writer = (chunk: LogChunk) => Promise<void>

async function copyFrom(tracking: Tracking, id: string, offset: number, write: Writer): Promise<number> {
  let end = offset
  for await (const chunk of tracking.logs.read(id, { offset })) {
    await write(chunk)
    end = chunk.offset + chunk.bytes.length
  }
  return end
}

/** Between looks for output that nobody else takes in: of a run whose supervisor is gone, or of a notebook. */
const takeInMs = 1000

async function follow(cli: Cli, session: Session, id: string, offset: number, write: Writer): Promise<number> {
  const { tracking } = session
  let end = offset
  for (let tookInMs = performance.now(); !cli.signal.aborted;) {
    if (performance.now() - tookInMs > takeInMs) {
      const { takeIn } = await import('../take-in.ts')
      await takeIn(cli, session)
      tookInMs = performance.now()
    }
    // The state is read first: what is stored before a run ends is then surely seen.
    const { state } = await tracking.runs.get(id)
    end = await copyFrom(tracking, id, end, write)
    if (isEnded(state)) return end
    await sleep(pollMs, undefined, { signal: cli.signal }).catch(() => {})
  }
  return end
}

/** A client tells what it logs, from a machine where its output went elsewhere. */
async function tellWhyEmpty(cli: Cli, tracking: Tracking, id: string): Promise<void> {
  const { host, task, name } = await tracking.runs.get(id)
  if (host !== '' || task !== null) return
  cli.note(`The output of ${visible(name)} (${shortId(id)}) was not captured: a client logged this run, not \`trainyard run\`.`)
}

/** One JSON object per chunk: `text` when the bytes are UTF-8, else `base64`. */
const jsonWriter = (cli: Cli): Writer => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return async ({ offset, timeMs, bytes }) => {
    let body: { text: string } | { base64: string }
    try {
      body = { text: decoder.decode(bytes) }
    } catch {
      body = { base64: Buffer.from(bytes).toString('base64') }
    }
    await cli.write(`${toJsonLine({ offset, timeMs, ...body })}\n`)
  }
}

/** Puts the time of arrival before every line; the bytes of the line stay as they are. */
const timestampWriter = (cli: Cli): Writer => {
  let atLineStart = true
  return async ({ timeMs, bytes }) => {
    const stamp = Buffer.from(cli.style.dim(`${formatTime(timeMs)}.${String(timeMs % 1000).padStart(3, '0')} `))
    const parts: Uint8Array[] = []
    for (let from = 0; from < bytes.length;) {
      const newline = bytes.indexOf(0x0a, from)
      const to = newline === -1 ? bytes.length : newline + 1
      if (atLineStart) parts.push(stamp)
      parts.push(bytes.subarray(from, to))
      atLineStart = newline !== -1
      from = to
    }
    await cli.write(Buffer.concat(parts))
  }
}
