import { randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { toTime } from './times.ts'

/** Work that a client asked for and looks after now and then. It is known to this process only, for a day. */
export interface BackgroundTasks {
  /** Begins the work and returns at once. */
  start(options: { kind: string; project?: string; timeoutSeconds?: number }, work: () => Promise<void>): object
  find(name: string, project?: string): object | undefined
  list(project: string): object[]
}

interface Task {
  name: string
  kind: string
  project: string | undefined
  createdAtMs: number
  updatedAtMs: number
  timeoutSeconds: number
  state: 'running' | 'succeeded' | 'failed'
  error: string | null
}

const rememberedMs = 24 * 3_600_000
const rememberedTasks = 1_000

export function createBackgroundTasks(clock: Clock): BackgroundTasks {
  const tasks = new Map<string, Task>()
  const forget = (): void => {
    for (const [name, task] of tasks)
      if (task.state !== 'running' && (tasks.size > rememberedTasks || clock.nowMs() - task.updatedAtMs > rememberedMs))
        tasks.delete(name)
  }
  const end = (task: Task, state: Task['state'], error: string | null): void => {
    Object.assign(task, { state, error, updatedAtMs: clock.nowMs() })
  }
  return {
    start({ kind, project, timeoutSeconds = 600 }, work) {
      forget()
      const nowMs = clock.nowMs()
      const task: Task = {
        name: randomUUID(),
        kind,
        project,
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
        timeoutSeconds,
        state: 'running',
        error: null,
      }
      tasks.set(task.name, task)
      work().then(
        () => end(task, 'succeeded', null),
        (error: unknown) => end(task, 'failed', error instanceof Error ? error.message : String(error)),
      )
      return toDocument(task)
    },
    find(name, project) {
      const task = tasks.get(name)
      return task === undefined || (project !== undefined && task.project !== project) ? undefined : toDocument(task)
    },
    list: (project) =>
      [...tasks.values()].filter((task) => project === '*' || task.project === project).map((task) => toDocument(task)),
  }
}

const toDocument = (task: Task): object => ({
  kind: 'BackgroundTask',
  metadata: {
    name: task.name,
    kind: task.kind,
    project: task.project ?? null,
    created: toTime(task.createdAtMs),
    updated: toTime(task.updatedAtMs),
    timeout: task.timeoutSeconds,
  },
  spec: {},
  status: { state: task.state, error: task.error },
})
