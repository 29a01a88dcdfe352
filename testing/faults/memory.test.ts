import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from '../end-to-end/program.ts'
import { killAll } from './faults.ts'

let workshop: Workshop
let group: string | undefined
beforeEach(() => {
  workshop = new Workshop()
  group = smallGroup(48)
})
afterEach(async () => {
  killAll(workshop)
  const made = group
  if (made !== undefined) {
    await eventually(() => readFileSync(join(made, 'cgroup.procs'), 'utf8') === '' || undefined)
    rmdirSync(made)
  }
  workshop[Symbol.dispose]()
})

/** The group of this process in a hierarchy of version 1, or the only one of version 2; undefined where there is none to write to. */
function memoryGroups(): { folder: string; limit: string } | undefined {
  if (existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes'))
    return { folder: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' }
  if (existsSync('/sys/fs/cgroup/cgroup.subtree_control')) return { folder: '/sys/fs/cgroup', limit: 'memory.max' }
  return undefined
}

/** A control group that holds only so much memory, where this is allowed; elsewhere the promise cannot be tried, which is said aloud. */
function smallGroup(megabytes: number): string | undefined {
  const groups = memoryGroups()
  try {
    if (groups === undefined) throw new Error('there is no control group for memory')
    const path = mkdtempSync(join(groups.folder, 'trainyard-test-'))
    writeFileSync(join(path, groups.limit), String(megabytes << 20))
    return path
  } catch (error) {
    console.warn(`NOT TRIED: running out of memory needs a control group (${error instanceof Error ? error.message : ''})`)
    return undefined
  }
}

const greedy = (procs: string): string =>
  [
    'import os',
    'def job(context, size: int = 512):',
    `    open(${JSON.stringify(procs)}, "w").write(str(os.getpid()))`,
    '    held = []',
    '    for _ in range(size):',
    '        held.append(bytearray(os.urandom(1 << 20)))',
    '    context.log_result("held", len(held))',
  ].join('\n')

describe('the out-of-memory killer', () => {
  it('is named as the end of a run', async () => {
    if (group === undefined) return
    workshop.write('greedy.py', greedy(join(group, 'cgroup.procs')))
    const { code, stderr } = await workshop.run('run', 'greedy.py:job')
    expect(code).not.toBe(0)
    expect(stderr).toContain('the machine ran out of memory')
    const { run } = await workshop.json<{ run: { exit: unknown } }>('show', 'latest')
    expect(run.exit).toEqual({ kind: 'signalled', signal: 'SIGKILL', outOfMemory: true })
  })

  it('is named as the end of an iteration that was forked, and the others go on', async () => {
    if (group === undefined) return
    workshop.write('greedy.py', greedy(join(group, 'cgroup.procs')))
    await workshop.run('run', 'greedy.py:job', '-x', 'size=[1,512,2]', '--parallel', '1', '--name', 'greedy')
    const shown = await workshop.json<{ iterations: { iteration: number; state: string; id: string }[] }>('show', 'greedy')
    expect(shown.iterations.map(({ state }) => state)).toEqual(['completed', 'failed', 'completed'])
    const { run } = await workshop.json<{ run: { exit: unknown } }>('show', shown.iterations[1]?.id ?? '')
    expect(run.exit).toEqual({ kind: 'signalled', signal: 'SIGKILL', outOfMemory: true })
  })
})
