import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isEnded, type RunRecord, type Task } from '@trainyard/contract'
import { systemClock } from '../../base/clock.ts'
import { openDataDirectory } from '../../base/data-directory.ts'
import { createSecretBox } from '../../base/secret-box.ts'
import { openDatabase } from '../../database/index.ts'
import { createTestPlace } from '../../database/testing/test-place.ts'
import { createDefinitions } from '../../definitions/index.ts'
import type { Execution } from '../../execution/index.ts'
import { createFunctions } from '../../functions/index.ts'
import { createFileStore, createPlaces } from '../../objects/index.ts'
import { createTracking } from '../../tracking/index.ts'
import { createJobs, createJobWorker, type Demand, type JobWorker, type NewJob } from '../index.ts'

/** A queue over a database of its own, and workers of this process for it. */
export async function openWorkplace(given: Pick<Execution, 'notifications'> = {}) {
  const { place, remove } = await createTestPlace()
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-jobs-'))
  const database = await openDatabase(place)
  const directory = openDataDirectory({ path: join(folder, '.trainyard'), chosenBy: 'flag' })
  const tracking = createTracking(database, {
    objects: createFileStore({ root: join(directory.path, 'output') }),
    keepsOutput: false,
  })
  const objects = { workingDirectory: folder, environment: {} }
  const execution: Execution = {
    objects,
    directory,
    clock: systemClock,
    environment: process.env,
    workingDirectory: folder,
    programCommand: [process.execPath, 'trainyard'],
    owner: 'ada',
    tracking,
    places: createPlaces(objects),
    ...given,
  }
  const secrets = createSecretBox(join(directory.path, 'secret.key'))
  const functions = createFunctions(createDefinitions(database))
  const problems: unknown[] = []
  const workers: JobWorker[] = []
  const jobs = createJobs({ database, secrets, execution, onChange: () => workers.forEach((worker) => worker.wake()) })
  return {
    folder,
    database,
    execution,
    tracking,
    jobs,
    functions,
    problems,
    work(capacity: Partial<Demand> = {}): JobWorker {
      const worker = createJobWorker({
        database,
        secrets,
        execution,
        functionCode: {
          functions,
          sources: ({ allowLocal, signal }) => ({
            objects,
            cacheFolder: join(directory.path, 'functions'),
            allowLocal,
            allowPrivate: allowLocal,
            environment: {},
            signal,
          }),
        },
        capacity: { cpuMilli: 2000, memoryBytes: 2 ** 33, gpus: 0, ...capacity },
        openExecution: () => Promise.resolve({ execution, [Symbol.asyncDispose]: () => Promise.resolve() }),
        onProblem: (error) => void problems.push(error),
      })
      workers.push(worker)
      return worker
    },
    write(name: string, text: string): string {
      const path = join(folder, name)
      writeFileSync(path, text)
      return path
    },
    /** A shell command as a job. */
    async shell(command: string, task: Task = {}, job: Partial<NewJob> = {}): Promise<string> {
      const asked = {
        task: { ...task, program: ['sh', '-c', command] },
        commandLine: ['test'],
        owner: 'ada',
        workingDirectory: folder,
      }
      return (await jobs.submit({ ...asked, ...job })).runId
    },
    async ended(runId: string): Promise<RunRecord> {
      for (;;) {
        const run = await tracking.runs.get(runId)
        if (isEnded(run.state)) return run
        await sleep(20)
      }
    },
    async until<T>(look: () => Promise<T | undefined>): Promise<T> {
      for (;;) {
        const found = await look()
        if (found !== undefined) return found
        await sleep(20)
      }
    },
    async output(runId: string): Promise<string> {
      const pieces: Uint8Array[] = []
      for await (const { bytes } of tracking.logs.read(runId)) pieces.push(bytes)
      return Buffer.concat(pieces).toString()
    },
    async [Symbol.asyncDispose]() {
      // Threads get no signals: what runs is left to end by itself, and nothing that waits may start meanwhile.
      for (const worker of workers) await worker.leave()
      for (const worker of workers) while (worker.running.size > 0) await sleep(20)
      for (const { runId } of await jobs.list({ limit: 1000, state: 'queued' }))
        await jobs.abort(runId, { reason: 'the test is over', force: true })
      await database.close()
      await remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
