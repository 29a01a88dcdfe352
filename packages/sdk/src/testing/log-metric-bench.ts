/**
 * How long a log call takes, beside the system call it cannot do without. Prints one JSON line; run with
 * `node --conditions=trainyard-source packages/sdk/src/testing/log-metric-bench.ts`.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Recorder } from '../context/recorder.ts'
import { temporaryFolder } from './start-job.ts'

const count = 300_000
const folder = temporaryFolder()

function microseconds(work: (index: number) => void): { meanUs: number; medianUs: number } {
  const samples = new Float64Array(count)
  const begin = performance.now()
  for (let index = 0; index < count; index++) {
    const before = performance.now()
    work(index)
    samples[index] = (performance.now() - before) * 1000
  }
  const meanUs = ((performance.now() - begin) * 1000) / count
  return { meanUs, medianUs: samples.sort()[count >> 1]! }
}

const recorder = new Recorder(folder)
const logMetric = microseconds((index) => recorder.metric('loss', 1 / (index + 1), undefined, undefined))
recorder.end('completed')
const descriptor = openSync(join(folder, 'baseline'), 'a')
const line = Buffer.from('[123456,1790000000000,"metric","loss",123455,0.0000081]\n')
const bareWrite = microseconds(() => void writeSync(descriptor, line))
closeSync(descriptor)
rmSync(folder, { recursive: true })
console.log(JSON.stringify({ count, logMetric, bareWrite, ratio: logMetric.meanUs / bareWrite.meanUs }))
