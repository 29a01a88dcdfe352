import { readFileSync } from 'node:fs'

/** Where Linux counts kills for want of memory: on the whole machine (4.13 and newer), else those of the group of processes we see. */
const counters: readonly (readonly [path: string, line: RegExp])[] = [
  ['/proc/vmstat', /^oom_kill (\d+)$/m],
  ['/sys/fs/cgroup/memory.events', /^oom_kill (\d+)$/m],
  ['/sys/fs/cgroup/memory/memory.oom_control', /^oom_kill (\d+)$/m],
]

/** Processes killed so far because memory was out; undefined where nobody counts them. */
export function outOfMemoryKills(): number | undefined {
  for (const [path, line] of counters) {
    try {
      const match = line.exec(readFileSync(path, 'utf8'))
      if (match) return Number(match[1])
    } catch {
      // Not Linux, or not this version of control groups.
    }
  }
  return undefined
}

/**
 * Whether a process that was ended by `signal` fell to the out-of-memory killer, by the count from before it started. Who ended it is
 * told nowhere: a kill from outside while another process ran out of memory looks the same.
 */
export function ranOutOfMemory(signal: string, killsBefore: number | undefined): boolean {
  if (signal !== 'SIGKILL' || killsBefore === undefined) return false
  const kills = outOfMemoryKills()
  return kills !== undefined && kills > killsBefore
}
