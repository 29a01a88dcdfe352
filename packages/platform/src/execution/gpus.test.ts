import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { gpuUsage, listGpus } from './gpus.ts'
import { captureEnvironment } from './record/environment-info.ts'

let folder = ''
let environment: Record<string, string | undefined> = {}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-gpus-'))
  environment = { PATH: `${folder}${delimiter}${process.env['PATH']}` }
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A program of the driver's name, which is asked as the real one is. */
const driver = (script: string): void => writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })

/** Answers both questions, as rows, and refuses any other as the tool does. */
const answers = ({ gpus = '', usage = '' }: { gpus?: string; usage?: string }, ending = ''): void =>
  driver(`[ "$2" = --format=csv,noheader,nounits ] || exit 2
case "$1" in
  --query-gpu=index,memory.total,driver_version,name) printf '${gpus}' ;;
  --query-gpu=index,utilization.gpu,memory.used) printf '${usage}' ;;
  *) echo 'Field is not a valid field to query.'; exit 2 ;;
esac
${ending}`)

const mebibytes = (count: number): number => count * 1_048_576

it('reads what the driver tells of several GPUs', async () => {
  answers({
    gpus: '0, 143771, 570.124.06, NVIDIA H200\\n1, 81920, 570.124.06, NVIDIA A100, 80 GB\\n',
    usage: '0, 37, 1024\\n1, 0, 0\\n',
  })
  expect(await listGpus({ environment })).toEqual([
    { index: 0, name: 'NVIDIA H200', memoryBytes: mebibytes(143_771), driver: '570.124.06' },
    { index: 1, name: 'NVIDIA A100, 80 GB', memoryBytes: mebibytes(81_920), driver: '570.124.06' },
  ])
  expect(await gpuUsage({ environment })).toEqual([
    { key: 'system/gpu_0_utilization_percent', value: 37 },
    { key: 'system/gpu_0_memory_bytes', value: mebibytes(1024) },
    { key: 'system/gpu_1_utilization_percent', value: 0 },
    { key: 'system/gpu_1_memory_bytes', value: 0 },
  ])
})

it('has no number for what a GPU does not tell: divided (MIG), without memory of its own, or fallen off the bus', async () => {
  answers({
    gpus: '0, 143771, 570.1, NVIDIA H200\\n1, [N/A], 570.1, NVIDIA GB10\\n2, [GPU is lost], [GPU is lost], [GPU is lost]\\n',
    usage: '0, [N/A], 12\\n1, 3, [Not Supported]\\n2, [GPU is lost], [Unknown Error]\\n',
  })
  expect(await gpuUsage({ environment })).toEqual([
    { key: 'system/gpu_0_memory_bytes', value: mebibytes(12) },
    { key: 'system/gpu_1_utilization_percent', value: 3 },
  ])
  expect((await listGpus({ environment }))?.map(({ memoryBytes }) => memoryBytes)).toEqual([
    mebibytes(143_771),
    undefined,
    undefined,
  ])
})

it('keeps the figures of the others where one GPU makes the tool warn and fail', async () => {
  answers({ usage: '0, 37, 1024\\n' }, "echo 'WARNING: infoROM is corrupted at gpu 0000:3B:00.0'; exit 14")
  expect(await gpuUsage({ environment })).toHaveLength(2)
})

it.each([
  ['no driver is loaded', "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9"],
  ['it finds no device', "echo 'No devices were found'; exit 6"],
  ['it is killed', 'kill -9 $$'],
])('tells of no GPU where %s', async (_what, script) => {
  driver(script)
  expect(await listGpus({ environment })).toEqual([])
  expect(await gpuUsage({ environment })).toEqual([])
})

it('tells of no GPU where the tool is missing', async () => {
  environment['PATH'] = folder
  expect(await listGpus({ environment })).toEqual([])
  expect(await gpuUsage({ environment })).toEqual([])
})

it('does not wait for a tool that hangs, and says that it hung', async () => {
  // What it leaves behind holds its output open, as one that does not die would.
  driver('sleep 5 & wait')
  expect(await gpuUsage({ environment, timeoutMs: 100 })).toBeUndefined()
})

it('waits for the driver no longer than a second after the end of a run, whose record says that it did not answer', async () => {
  driver('sleep 60 & wait')
  const { gpus, choices } = await captureEnvironment({ environment }, undefined, { chosen: 'before' }, Promise.resolve())
  expect(gpus).toBeUndefined()
  expect(choices).toEqual({ chosen: 'before', gpus: 'not known: nvidia-smi did not answer in time' })
})
