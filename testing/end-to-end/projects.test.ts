import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from './program.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop[Symbol.dispose]())

/** Whether any file below a folder holds the text. */
const holds = (folder: string, text: string): boolean =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .some((path) => statSync(path).isFile() && readFileSync(path).includes(text))

describe('secrets of a project', () => {
  const code = [
    'import os',
    'def job(context, a=0):',
    '    value = context.get_secret("KEY")',
    '    context.log_result("length", len(value))',
    '    context.log_result("same", os.environ["MLRUN_K8S_SECRET__KEY"] == value)',
  ].join('\n')

  it('reach its runs and the iterations of its sweeps, those of another project not, and lie nowhere readable', async () => {
    workshop.write('job.py', code)
    const odd = ' sw\u00f6rd"fish\\ = {x} \u{1F600} '
    expect(await workshop.run('--project', 'p', 'project', 'secrets', 'set', `KEY=${odd}`)).toMatchObject({ code: 0 })
    const run = await workshop.json('--project', 'p', 'run', 'job.py:job')
    expect(run.results).toMatchObject({ length: Array.from(odd).length, same: true })
    const sweep = await workshop.json('--project', 'p', 'run', 'job.py:job', '-x', 'a=[1,2]', '--selector', 'max.length')
    expect(sweep.state).toBe('completed')
    const other = await workshop.run('--project', 'other', 'run', 'job.py:job')
    expect(other.code).not.toBe(0)
    expect(holds(join(workshop.folder, '.trainyard'), 'rd"fish')).toBe(false)
    expect(await workshop.json('--project', 'p', 'project', 'secrets', 'ls')).toMatchObject({ secrets: [{ name: 'KEY' }] })
  })

  it('come from a file, from standard input, and not from bytes that are no text', async () => {
    workshop.write('secrets.txt', 'A=1\n# no\nB="two words"\n')
    workshop.write('key.pem', 'line one\nline two\n')
    expect(await workshop.run('project', 'secrets', 'set', '-f', 'secrets.txt', 'PEM@key.pem')).toMatchObject({ code: 0 })
    expect(await workshop.start(['project', 'secrets', 'set', 'TYPED'], { input: 'hidden\n' }).finished).toMatchObject({
      code: 0,
    })
    expect((await workshop.run('project', 'secrets', 'ls', '--quiet')).stdout).toBe('A\nB\nPEM\nTYPED\n')
    const removed = await workshop.run('project', 'secrets', 'rm', 'TYPEX')
    expect(removed.stderr).toContain('did you mean TYPED')
    const bad = await workshop.run('project', 'secrets', 'set', 'a b=c')
    expect(bad.stderr).toContain('cannot be the name of a secret')
  })
})

describe('deleting a project', () => {
  it('tells what would go, refuses what holds something, and takes everything with --cascade', async () => {
    workshop.write('job.py', 'def job(context):\n    context.log_artifact("model", body=b"bytes", local_path="m.txt")\n')
    const run = await workshop.json<{ artifacts: { target: string }[] }>('--project', 'p', 'run', 'job.py:job')
    await workshop.json('run', 'job.py:job')
    await workshop.run('--project', 'p', 'project', 'secrets', 'set', 'A=1')
    const target = run.artifacts[0]!.target
    const preview = await workshop.json<{ counts: object }>('project', 'rm', 'p', '--cascade', '--dry-run')
    expect(preview.counts).toMatchObject({ runs: 1, artifacts: 1, secrets: 1 })
    const refused = await workshop.run('project', 'rm', 'p', '--yes')
    expect(refused).toMatchObject({ code: 4 })
    expect(refused.stderr).toContain('runs (1)')
    expect(existsSync(target)).toBe(true)
    expect(await workshop.run('project', 'rm', 'p', '--cascade', '--yes')).toMatchObject({ code: 0 })
    expect(existsSync(target)).toBe(false)
    const { projects } = await workshop.json<{ projects: { name: string; runCount: number }[] }>('project', 'ls')
    expect(projects).toMatchObject([{ name: 'default', runCount: 1 }])
    expect((await workshop.run('project', 'rm', 'defult')).stderr).toContain('default')
  })

  it('is refused while work is running in it', async () => {
    workshop.write('slow.py', 'import time\nprint("up", flush=True)\ntime.sleep(600)\n')
    const running = workshop.start(['--project', 'p', 'run', 'slow.py'])
    await eventually(
      async () => (await workshop.run('--project', 'p', 'ls', '--state', 'running', '--quiet')).stdout.trim() || undefined,
    )
    const refused = await workshop.run('project', 'rm', 'p', '--cascade', '--yes')
    expect(refused.stderr).toContain('while work is running')
    running.kill('SIGINT')
    await running.finished
    expect(await workshop.run('project', 'rm', 'p', '--cascade', '--yes')).toMatchObject({ code: 0 })
  })

  it('an archived project takes no new runs until it is back', async () => {
    workshop.write('job.py', 'print("x")\n')
    await workshop.json('--project', 'p', 'run', 'job.py')
    await workshop.run('project', 'archive', 'p')
    expect((await workshop.run('--project', 'p', 'run', 'job.py')).stderr).toContain('archived')
    await workshop.run('project', 'archive', 'p', '--undo')
    expect(await workshop.run('--project', 'p', 'run', 'job.py')).toMatchObject({ code: 0 })
  })
})
