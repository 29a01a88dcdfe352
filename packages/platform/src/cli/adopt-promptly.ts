import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../base/errors.ts'
import { adoptRuns, type Execution } from '../execution/index.ts'
import type { Cli } from './cli.ts'

const everyMs = 10_000
/** A notebook's line is in the records after at most this and the time that taking it in takes. */
const soonMs = 300
/** Looking takes at most this part of the time, however much there is to look through. */
const timeShare = 10

/**
 * Takes in what runs leave behind that nobody watches: soon after their folders change, and regularly, for what no change tells of
 * (the death of a process). A bare `import trainyard` in a notebook is such a run: its lines are in the records within a second.
 */
export function adoptPromptly(cli: Cli, execution: Execution): Disposable {
  const folder = execution.directory.runs
  const watched = new Map<string, FSWatcher>()
  let [busy, asked, closed] = [false, false, false]
  let timer: NodeJS.Timeout | undefined
  const change = (): void => {
    asked = true
    if (!busy) timer ??= setTimeout(look, soonMs)
  }
  const follow = (path: string): void => {
    if (watched.has(path) || closed) return
    try {
      const watcher = watch(path, change)
      // The folder is gone, or the system watches no more of them: the regular look remains.
      watcher.on('error', () => unfollow(path))
      watched.set(path, watcher)
    } catch {
      // As above: watching is for speed only.
    }
  }
  const unfollow = (path: string): void => {
    watched.get(path)?.close()
    watched.delete(path)
  }
  const followOnly = (paths: readonly string[]): void => {
    for (const path of watched.keys()) if (path !== folder && !paths.includes(path)) unfollow(path)
    for (const path of [folder, ...paths]) follow(path)
  }
  const look = (): void => {
    timer = undefined
    if (busy) return
    ;[busy, asked] = [true, false]
    const startedMs = performance.now()
    void takeIn(cli, execution)
      .then((unattended) => followOnly(unattended.map((id) => join(folder, id))))
      .finally(() => {
        busy = false
        const pauseMs = Math.max(soonMs, (performance.now() - startedMs) * timeShare)
        if (asked && !closed) timer ??= setTimeout(look, pauseMs)
      })
  }
  follow(folder)
  look()
  const regular = setInterval(look, everyMs)
  return {
    [Symbol.dispose]() {
      closed = true
      clearInterval(regular)
      clearTimeout(timer)
      for (const watcher of watched.values()) watcher.close()
    },
  }
}

/** Ids of runs that go on without anybody who watches them. */
async function takeIn(cli: Cli, execution: Execution): Promise<readonly string[]> {
  try {
    const { concluded, unattended } = await adoptRuns(execution)
    for (const run of concluded) cli.note(`Took in ${run.name}: ${run.state}${run.reason === null ? '' : `, ${run.reason}`}.`)
    return unattended
  } catch (error) {
    cli.warn(`Could not take in what earlier runs left behind: ${messageOf(error)}`)
    return []
  }
}
