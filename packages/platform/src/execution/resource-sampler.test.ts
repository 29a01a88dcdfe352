import { existsSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { createMetricRecords } from '../tracking/metric-records.ts'
import { openTemporaryDatabase, type TemporaryDatabase } from '../tracking/testing/temporary-database.ts'
import type { MetricRecords } from '../tracking/tracking.ts'
import { gpuUsage } from './gpus.ts'
import { sampleResources } from './resource-sampler.ts'

let temporary: TemporaryDatabase
let metrics: MetricRecords
let environment: Record<string, string | undefined>

beforeEach(async () => {
  temporary = await openTemporaryDatabase()
  await temporary.addRuns('run')
  metrics = createMetricRecords(temporary.database)
  environment = { PATH: `${temporary.folder}${delimiter}${process.env['PATH']}` }
})
afterEach(() => temporary[Symbol.asyncDispose]())

const driver = (script: string): void =>
  writeFileSync(join(temporary.folder, 'nvidia-smi'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })

const sample = (): Disposable =>
  sampleResources({
    runId: 'run',
    session: process.pid,
    everyMs: 5,
    metrics,
    clock: systemClock,
    environment,
    onFailure: (error) => expect.fail(String(error)),
  })

const waiting = { timeout: 30_000 }

it('takes one sample at a time, however slow the driver is', async () => {
  driver("sleep 0.05; echo '0, 37, 1024'")
  using _sampler = sample()
  const points = await vi.waitFor(async () => {
    const found = await metrics.history('run', 'system/gpu_0_utilization_percent')
    expect(found.length).toBeGreaterThan(3)
    return found
  }, waiting)
  expect(points.map(({ step }) => step)).toEqual(points.map((_point, index) => index))
})

it('writes nothing once it has been stopped, even what it was asking for', async () => {
  const [asked, answer] = [join(temporary.folder, 'asked'), join(temporary.folder, 'answer')]
  driver(`touch ${asked}; until [ -e ${answer} ]; do sleep 0.01; done; echo '0, 37, 1024'`)
  const sampler = sample()
  await vi.waitFor(() => expect(existsSync(asked)).toBe(true), waiting)
  sampler[Symbol.dispose]()
  writeFileSync(answer, '')
  // Asked later, answered later.
  expect(await gpuUsage({ environment, timeoutMs: 30_000 })).toHaveLength(2)
  expect(await metrics.history('run', 'system/gpu_0_utilization_percent')).toEqual([])
})
