import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ArtifactRecord, RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, Workshop } from './program.ts'

type Told = RunRecord & { artifacts: ArtifactRecord[] }

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop[Symbol.dispose]())

describe('trainyard run', () => {
  it('tracks a script that uses no API: output, exit, times, code, environment', async () => {
    workshop.write('plain.py', 'import sys\nprint("to out")\nprint("to err", file=sys.stderr)\n')
    const run = await workshop.json<Told>('run', 'plain.py')
    expect(run).toMatchObject({
      name: 'plain',
      project: 'default',
      state: 'completed',
      exit: { kind: 'exited', code: 0 },
      problems: [],
    })
    expect(run.code?.scriptSha256).toMatch(/^[0-9a-f]{64}$/)
    expect(run.environment?.interpreter?.['version']).toMatch(/^3\./)
    expect(run.environment?.choices['interpreter']).toBeTruthy()
    expect(run.endedAtMs).toBeGreaterThanOrEqual(run.startedAtMs ?? Number.POSITIVE_INFINITY)
    expect((await workshop.run('logs', 'latest')).stdout).toBe('to out\nto err\n')
    expect(readdirSync(join(workshop.folder, '.trainyard', 'runs'))).toEqual([])
  })

  it('gives a handler its parameters by name, converted by type hints, and keeps what it logs', async () => {
    workshop.write(
      'training.py',
      [
        'def my_job(context, p1: int = 1, p2="x", rate: float = 0.5, layers: list = None):',
        '    context.log_result("accuracy", p1 * 2)',
        '    for step in range(5):',
        '        context.log_metric("loss", 1.0 / (step + 1), step=step)',
        '    context.log_metric("odd", float("nan"), step=0)',
        '    context.log_artifact("model", body=b"abc is 123", local_path="model.txt", labels={"framework": "xgboost"})',
        '    context.set_label("framework", "sklearn")',
        '    context.log_result("note", f"{p2} {rate!r} {layers!r}")',
      ].join('\n'),
    )
    const run = await workshop.json<Told>('run', 'training.py:my_job', '-p', 'p1=5', '-p', 'layers=[3, 4]', '-l', 'team=a')
    expect(run.state).toBe('completed')
    expect(run.parameters).toEqual({ p1: 5, p2: 'x', rate: 0.5, layers: [3, 4] })
    expect(run.results).toMatchObject({ accuracy: 10, loss: 0.2, odd: 'NaN', note: 'x 0.5 [3, 4]' })
    expect(run.labels).toMatchObject({ framework: 'sklearn', team: 'a' })
    const [model] = run.artifacts
    expect(model).toMatchObject({ key: 'model', sizeBytes: 10, labels: { framework: 'xgboost' } })
    expect(readFileSync(model!.target, 'utf8')).toBe('abc is 123')
    const found = await workshop.json<{ runs: RunRecord[] } | RunRecord[]>(
      'ls',
      '--filter',
      "metrics.accuracy > 9 and params.p1 = 5 and labels.team = 'a'",
    )
    expect(JSON.stringify(found)).toContain(run.id)
  })

  it('fills {name} places of a script’s arguments', async () => {
    workshop.write('arguments.py', 'import sys\nprint(sys.argv[1:])\n')
    const { stdout, code } = await workshop.run('run', 'arguments.py', '-p', 'lr=0.1', '--', '--lr', '{lr}', '--name=x')
    expect(stdout).toContain("['--lr', '0.1', '--name=x']")
    expect(code).toBe(0)
  })

  it('hands secrets to the script and to nothing else', async () => {
    workshop.write('secrets.txt', 'ACCESS_KEY=hunter2hunter2\n')
    workshop.write(
      'job.py',
      'import os\n\ndef job(context):\n    value = "hunter2" * 2\n    assert context.get_secret("ACCESS_KEY") == value\n    assert value not in str(dict(os.environ))\n',
    )
    const run = await workshop.json<Told>('run', 'job.py:job', '-s', 'file=secrets.txt', '-s', 'TOKEN=hunter2hunter2')
    expect(run.state).toBe('completed')
    const everything = await workshop.run('show', 'latest', '--json')
    expect(everything.stdout).not.toContain('hunter2hunter2')
    const data = join(workshop.folder, '.trainyard')
    for (const name of readdirSync(data, { recursive: true, withFileTypes: true })) {
      if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes('hunter2hunter2'), name.name).toBe(false)
    }
  })

  it('keeps the runs of eight shells that start at once in a new directory', async () => {
    workshop.write(
      'job.py',
      'def job(context, n=0):\n    for step in range(100):\n        context.log_metric("m", n + step, step=step)\n',
    )
    const finished = await Promise.all(
      Array.from({ length: 8 }, (_, n) => workshop.run('run', 'job.py:job', '-p', `n=${n}`, '--quiet')),
    )
    expect(finished.map(({ code, stderr }) => [code, stderr.replace(/^Made the data directory.*\n/, '')])).toEqual(
      Array.from({ length: 8 }, () => [0, '']),
    )
    const listed = await workshop.run('ls', '--json', '--filter', 'metrics.m >= 99')
    expect(listed.stdout.match(/"state": "completed"/g)).toHaveLength(8)
  })

  it('runs handlers made by the script itself as iterations, the best one shown by the parent', async () => {
    workshop.write(
      'custom.py',
      [
        'def tune(context):',
        '    for depth in (1, 3, 2):',
        '        with context.get_child_context(depth=depth) as child:',
        '            child.log_result("accuracy", depth / 10)',
        '            if depth == 3:',
        '                child.mark_as_best()',
      ].join('\n'),
    )
    const run = await workshop.json<Told>('run', 'custom.py:tune')
    expect(run).toMatchObject({ state: 'completed', results: { accuracy: 0.3 } })
    const { stdout } = await workshop.run('ls', '--iterations', '--json', '--filter', `parent = '${run.id}'`)
    expect(stdout.match(/"kind": "iteration"/g)).toHaveLength(3)
  })

  it('takes in a bare script that imports trainyard, with no setting', async () => {
    workshop.write(
      'bare.py',
      'import trainyard\ncontext = trainyard.get_or_create_ctx("notebook")\ncontext.log_result("accuracy", 0.5)\n',
    )
    const { execFileSync } = await import('node:child_process')
    const python = process.env['TRAINYARD_TEST_PYTHON'] ?? 'python3'
    const path = new URL('../../python', import.meta.url).pathname
    execFileSync(python, ['bare.py'], { cwd: workshop.folder, env: { ...process.env, PYTHONPATH: path, TRAINYARD_HOME: '' } })
    expect(existsSync(join(workshop.folder, '.trainyard', 'runs'))).toBe(true)
    const { stdout } = await workshop.run('ls', '--json')
    expect(stdout).toContain('"name": "notebook"')
    expect(stdout).toContain('"state": "completed"')
    expect(stdout).toContain('"accuracy": 0.5')
  })

  it('runs handlers, sweeps and artifacts on the oldest Python at hand', async () => {
    workshop.write(
      'old.py',
      [
        'import sys',
        'def job(context, n: int = 1):',
        '    context.log_result("major", sys.version_info[0])',
        '    context.log_result("square", n * n)',
        '    context.log_dataset("rows", [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], stats=True)',
      ].join('\n'),
    )
    const python = process.env['TRAINYARD_OLDEST_PYTHON'] ?? 'python3'
    const run = await workshop.json<Told>('run', 'old.py:job', '--python', python, '-x', 'n=[1,2,3]', '--selector', 'max.square')
    expect(run).toMatchObject({ state: 'completed', results: { major: 3, square: 9 } })
    expect(run.artifacts.map(({ key }) => key)).toContain('rows')
  })

  it('keeps secrets out of errors and process lists, also in the background', async () => {
    workshop.write(
      'leak.py',
      'import time\ndef job(context):\n    time.sleep(1)\n    raise ValueError("failed with " + context.get_secret("TOKEN"))\n',
    )
    const { stdout } = await workshop.run('run', 'leak.py:job', '-s', 'TOKEN=hunter2hunter2', '--detach', '--sample-every', '0s')
    const words = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => (existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''))
    expect(words.filter((line) => line.includes(stdout.trim())).length).toBeGreaterThan(0)
    expect(words.filter((line) => line.includes('hunter2hunter2'))).toEqual([])
    const run = await eventually(async () => {
      const { run: record } = await workshop.json<{ run: RunRecord }>('show', stdout.trim())
      return record.state === 'failed' ? record : undefined
    })
    expect(run.error).toMatchObject({ type: 'ValueError', message: 'failed with ***' })
    expect(run.stateReason).toBe('ValueError: failed with ***')
  })

  it('records what cannot be stored of an artifact as a problem, and takes nothing from outside of its own folder', async () => {
    const victim = workshop.write('victim.txt', 'precious')
    workshop.write(
      'forge.py',
      [
        'import json, os',
        'def job(context):',
        '    context.log_artifact("k" * 10000, body="x")',
        '    context.log_artifact("fine", body="x")',
        '    run = os.path.join(os.path.dirname(context.out_path.split("/artifacts/")[0] + "/x"), "runs", context.uid)',
        '    os.makedirs(os.path.join(run, "files"), exist_ok=True)',
        '    open(os.path.join(run, "files", "y"), "w").close()',
        '    entries = [{"key": "a", "kind": "file", "file": "../../../victim.txt", "path": "a"}, {"key": "b", "kind": "file", "file": "files/y", "path": "../../../../escaped"}]',
        '    with open(os.path.join(run, "journal-999-abcdef01.jsonl"), "w") as file:',
        '        for number, entry in enumerate(entries, 1):',
        '            file.write(json.dumps([number, 1700000000000, "artifact", entry]) + "\\n")',
        '        file.write(json.dumps([3, 1700000000000, "child", {"id": "../x", "iteration": 1, "parameters": {}}]) + "\\n")',
      ].join('\n'),
    )
    const { code, stdout } = await workshop.run('run', 'forge.py:job', '--json')
    const run = JSON.parse(stdout) as Told
    expect(code).toBe(6)
    expect(run.state).toBe('completed')
    expect(run.artifacts.map(({ key }) => key)).toEqual(['fine'])
    expect(run.problems.join('\n')).toMatch(/kkk[\s\S]*outside of the run's files folder[\s\S]*leads out of the out path/)
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(existsSync(join(workshop.folder, 'escaped'))).toBe(false)
  })

  it('does not wait for a daemon that keeps every descriptor open', async () => {
    workshop.write(
      'daemon.py',
      'import os, time\nif os.fork() == 0:\n    os.setsid()\n    while not os.path.exists("ended"):\n        time.sleep(0.05)\n    os._exit(0)\nprint("x", flush=True)\n',
    )
    // A command that waited for it would wait for ever.
    expect((await workshop.run('run', 'daemon.py')).code).toBe(0)
    workshop.write('ended', '')
  })
})

describe('another attempt', () => {
  const series = async () =>
    (await workshop.json<{ metrics: { key: string; pointCount: number; last: object }[] }>('show')).metrics

  it('logs its points in place of those of the one before', async () => {
    workshop.write(
      'flaky.py',
      [
        'def job(context):',
        '    for step in range(5):',
        '        context.log_metric("loss", context.attempt * 10 + step, step=step)',
        '    context.log_result("accuracy", context.attempt)',
        '    if context.attempt < 2:',
        '        raise RuntimeError("not yet")',
      ].join('\n'),
    )
    await workshop.run('run', 'flaky.py:job', '--retries', '1', '--sample-every', '0s')
    expect(await series()).toMatchObject([
      { key: 'accuracy', pointCount: 1, last: { value: 2 } },
      { key: 'loss', pointCount: 5, min: 20, last: { step: 4, value: 24 } },
    ])
  })

  it('that goes on from a checkpoint keeps what was before it, and the record its command', async () => {
    workshop.write(
      'long.py',
      [
        'def job(context):',
        '    begin = (context.attempt - 1) * 5',
        '    for step in range(begin, begin + (7 if begin == 0 else 5)):',
        '        context.log_metric("loss", context.attempt * 10 + step, step=step)',
        '    if context.attempt < 2:',
        '        raise RuntimeError("the machine went away")',
      ].join('\n'),
    )
    await workshop.run('run', 'long.py:job', '--sample-every', '0s', '--name', 'long')
    await workshop.run('resume', 'long')
    // Steps 5 and 6 came twice: those of the second attempt stay.
    expect(await series()).toMatchObject([{ key: 'loss', pointCount: 10, min: 10, max: 29, last: { step: 9, value: 29 } }])
    const { run } = await workshop.json<{ run: RunRecord }>('show')
    expect(run.code?.commandLine).toEqual(['trainyard', 'run', 'long.py:job', '--sample-every', '0s', '--name', 'long'])
  })

  it('in the background has the command that was typed', async () => {
    workshop.write('quick.py', 'print("done")\n')
    await workshop.run('run', 'quick.py', '--detach', '-s', 'TOKEN=hunter2')
    const commandOf = async () => (await workshop.json<{ run: RunRecord }>('show')).run.code?.commandLine
    expect(await eventually(commandOf)).toEqual(['trainyard', 'run', 'quick.py', '--detach', '-s', 'TOKEN=…'])
  })
})
