import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { newRunId, type RunRecord } from '@trainyard/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Finished, program, Workshop } from './program.ts'

let workshop: Workshop
beforeAll(() => {
  workshop = new Workshop()
  workshop.write(
    'training.py',
    [
      'def my_job(context, p1: int = 1, p2: str = "x"):',
      '    context.log_result("accuracy", p1 * 2)',
      'def other(context):',
      '    pass',
      'def failing(context, p1=1):',
      '    raise ValueError("bad depth")',
    ].join('\n'),
  )
  workshop.write('broken.py', 'def job(context):\n    return (\n')
  workshop.write('future.py', '# /// script\n# requires-python = ">=3.99"\n# ///\nprint(1)\n')
  workshop.write('needs.py', 'import surely_not_installed_anywhere\n')
})
afterAll(() => workshop[Symbol.dispose]())

/** One sentence on stderr, an exit code that means something, no stack trace of ours. */
function expectSentence({ code, stderr }: Finished, expected: { code: number; says: RegExp }): void {
  const errors = stderr.split('\n').filter((line) => line.startsWith('error: '))
  expect(errors, stderr).toHaveLength(1)
  expect(errors[0]).toMatch(expected.says)
  expect(stderr).not.toMatch(/\n\s+at .*\.(ts|js):\d+/)
  expect(code).toBe(expected.code)
}

const cases: [what: string, arguments_: string[], expected: { code: number; says: RegExp }][] = [
  ['a missing script', ['run', 'trainng.py'], { code: 2, says: /no file trainng\.py.*training\.py/ }],
  [
    'a run on a server where none is',
    ['run', 'training.py:my_job', '--on', 'server'],
    { code: 4, says: /No server of .* carries out jobs: start one \(trainyard up\)/ },
  ],
  ['a folder for a script', ['run', '.'], { code: 2, says: /not a file/ }],
  ['a file of no known language', ['run', 'notes.txt'], { code: 2, says: /notes\.txt/ }],
  ['a missing handler', ['run', 'training.py:my_jb'], { code: 2, says: /my_jb.*my_job/ }],
  [
    'a handler that is not named',
    ['run', 'training.py:'],
    { code: 2, says: /training\.py: names no handler.*training\.py:handler/ },
  ],
  [
    'an argument for a parameter that is not given',
    ['run', 'training.py', '-p', 'depth=1', '--', '--depth', '{dpeth}'],
    { code: 2, says: /dpeth.*did you mean depth.*\{\{dpeth\}\}/ },
  ],
  [
    'a returned value of an unknown kind',
    ['run', 'training.py:my_job', '--returns', 'm:modle'],
    { code: 2, says: /m:modle.*did you mean 'model'/ },
  ],
  ['a distribution of infinities', ['run', 'training.py:my_job', '-x', 'p1=normal(0,1e308)'], { code: 2, says: /p1.*infinite/ }],
  ['a syntax error', ['run', 'broken.py:job'], { code: 2, says: /broken\.py/ }],
  ['a Python that the script does not want', ['run', 'future.py'], { code: 4, says: /wants Python >=3\.99/ }],
  ['a missing Python package', ['run', 'needs.py'], { code: 1, says: /surely_not_installed_anywhere/ }],
  ['a Python that does not exist', ['run', 'training.py', '--python', 'python3.99'], { code: 2, says: /python3\.99/ }],
  ['a parameter that does not fit its type hint', ['run', 'training.py:my_job', '-p', 'p1=abc'], { code: 2, says: /p1.*abc/ }],
  ['an unknown parameter', ['run', 'training.py:my_job', '-p', 'p3=1'], { code: 2, says: /p3/ }],
  ['a parameter without a value', ['run', 'training.py', '-p', 'p1'], { code: 2, says: /key=value/ }],
  ['a parameter given twice', ['run', 'training.py', '-p', 'a=1', '-p', 'a=2'], { code: 2, says: /twice/ }],
  ['-x that is not a list', ['run', 'training.py:my_job', '-x', 'p1=5'], { code: 2, says: /p1/ }],
  [
    'unequal lists',
    ['run', 'training.py:my_job', '-x', 'p1=[1,2]', '-x', 'p2=[1]', '--strategy', 'list'],
    { code: 2, says: /p1.*p2|length/i },
  ],
  [
    'a selector of nothing',
    ['run', 'training.py:my_job', '-x', 'p1=[1,2]', '--selector', 'max.'],
    { code: 2, says: /selector/i },
  ],
  [
    'a selector that no iteration logged',
    ['run', 'training.py:my_job', '-x', 'p1=[1,2]', '--selector', 'max.acuracy'],
    { code: 1, says: /acuracy.*accuracy/ },
  ],
  [
    'a stop condition that does not parse',
    ['run', 'training.py:my_job', '-x', 'p1=[1,2]', '--stop', 'accuracy >'],
    { code: 2, says: /stop condition/i },
  ],
  [
    'all iterations failing',
    ['run', 'training.py:failing', '-x', 'p1=[1,2,3]'],
    { code: 1, says: /none of 3 iterations completed.*bad depth/i },
  ],
  ['a parameter file that is missing', ['run', 'training.py:my_job', '--param-file', 'gone.csv'], { code: 2, says: /gone\.csv/ }],
  [
    'an input file that is missing',
    ['run', 'training.py', '-i', 'data=gone.csv'],
    { code: 2, says: /"data".*gone\.csv.*no such file/ },
  ],
  [
    'an input nobody serves',
    ['run', 'training.py', '-i', 'data=http://127.0.0.1:9/x.csv'],
    { code: 2, says: /"data".*127\.0\.0\.1/ },
  ],
  ['s3:// without credentials', ['run', 'training.py', '-i', 'data=s3://bucket/x.csv'], { code: 2, says: /AWS_ACCESS_KEY_ID/ }],
  ['an unknown template', ['run', 'training.py', '-o', 'out/{{run.nmae}}'], { code: 2, says: /run\.nmae.*run\.uid/ }],
  ['a name of 10,000 characters', ['run', 'training.py', '-n', 'x'.repeat(10_000)], { code: 2, says: /10000 characters/ }],
  ['an unknown option', ['run', 'training.py', '--parralel', '2'], { code: 2, says: /--parralel/ }],
  ['an unknown command', ['rnu'], { code: 2, says: /rnu/ }],
  ['a broken filter', ['ls', '--filter', 'metrics.accuracy >> 1'], { code: 2, says: /./ }],
  ['an unknown run', ['show', 'nosuchrun'], { code: 3, says: /nosuchrun/ }],
]

function serveNothing(): Disposable & { port: Promise<number> } {
  const server = createServer((_request, response) => response.writeHead(404).end()).listen(0, '127.0.0.1')
  const port = new Promise<number>((resolve) => server.once('listening', () => resolve((server.address() as AddressInfo).port)))
  return { port, [Symbol.dispose]: () => void server.close() }
}

/** Pythons that are too old, where this machine has them: pyenv keeps its own apart. */
const oldPythons = ['2.7', '3.6', '3.7', '3.8'].flatMap((version) => {
  const folder = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions')
  const name = existsSync(folder) ? readdirSync(folder).find((each) => each.startsWith(`${version}.`)) : undefined
  return name === undefined ? [] : [join(folder, name, 'bin', 'python')]
})

describe('bad input', () => {
  it('an address where nothing is gets one sentence', async () => {
    using server = serveNothing()
    const url = `http://127.0.0.1:${await server.port}/none.csv`
    const says = /nothing at http:.*none\.csv \(HTTP 404\)/
    expectSentence(await workshop.run('run', 'training.py', '-i', `data=${url}`), { code: 2, says })
    expectSentence(await workshop.run('get', url), { code: 3, says: /nothing at http:.*none\.csv/ })
  })

  it('a Python that is too old gets one sentence, for a script, a handler and a sweep', async () => {
    if (oldPythons.length === 0) console.warn('NOT TRIED: a Python that is too old; this machine has none.')
    for (const python of oldPythons)
      for (const words of [['training.py'], ['training.py:my_job'], ['training.py:my_job', '-x', 'p1=[1,2]']]) {
        const finished = await workshop.run('run', '--python', python, ...words)
        expectSentence(finished, { code: 2, says: /is Python \d\.\d+; Trainyard needs 3\.9 or newer/ })
        expect(finished.stderr + finished.stdout).not.toMatch(/Traceback|SyntaxError/)
      }
  })

  it.each(cases)('%s gets one sentence', async (_what, arguments_, expected) => {
    workshop.write('notes.txt', '')
    const environment = {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/nonexistent',
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    }
    expectSentence(await workshop.start(arguments_, { environment }).finished, expected)
  })

  it('a first command that is refused at once leaves no data directory', async () => {
    using own = new Workshop()
    own.write('job.py', 'def train(context, eta: float = 0.3):\n    print(eta)\n')
    for (const words of [
      ['missing.py'],
      ['job.py', '--python', 'python3.99'],
      ['job.py', '-i', 'data=gone.csv'],
      ['job.py:trian'],
      ['job.py:train', '--detach', '-p', 'etta=1'],
      ['job.py:train', '-p', 'eta=high'],
      ['job.py:train', '-x', 'etta=[0.1,0.2]'],
    ])
      expectSentence(await own.run('run', ...words), { code: 2, says: /./ })
    expect(readdirSync(own.folder)).toEqual(['job.py'])
  })

  it('what is refused for its handler or parameters leaves no run, single or sweep, and imports are not paid twice', async () => {
    using own = new Workshop()
    own.write('job.py', 'def train(context, depth: int = 1, *, lr: float = 0.1):\n    context.log_result("x", depth)\n')
    own.write('job.ts', 'export const train = (context: object, { depth = 1 }: { depth?: number }) => ({ depth })\n')
    own.write('broken.py', 'def job(:\n')
    // Where there is one, it is the process that looks.
    mkdirSync(join(own.folder, '.trainyard'))
    const refused: [string[], RegExp][] = [
      [['run', 'job.py:trian', '--project', 'new'], /no handler 'trian'; it has: train/],
      [['run', 'job.py:train', '-p', 'dpeth=1'], /no parameter "dpeth"; did you mean "depth"/],
      [['run', 'job.py:train', '-p', 'depth=deep'], /parameter "depth" must be a whole number/],
      [['run', 'job.ts:train', '-p', 'dpeth=1'], /no parameter 'dpeth': did you mean 'depth'/],
      [['run', 'job.ts:train', '-x', 'dpeth=[1,2,3]'], /no parameter 'dpeth': did you mean 'depth'/],
      [['run', 'broken.py:job'], /broken\.py:1/],
      [['run', 'job.py:train', '-x', 'dpeth=[1,2,3]'], /no parameter "dpeth"; did you mean "depth"/],
      [['run', 'job.py:trian', '-x', 'depth=[1,2,3]'], /no handler 'trian'/],
      [['run', 'job.py:train', '-x', 'depth=[1,2,"x"]'], /parameter "depth" must be a whole number \(int\); got "x"/],
      [['run', 'job.py:train', '-x', 'lr=uniform(0,1)', '-p', 'depth=deep', '--max-iterations', '3'], /"depth".*"deep"/],
    ]
    for (const [words, says] of refused) expectSentence(await own.run(...words), { code: 2, says })
    const { stdout } = await own.run('ls', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ runs: [] })
    // One that somebody may ask for by its id is kept, with the sentence.
    const id = newRunId(Date.now())
    expectSentence(await own.run('run', 'job.py:trian', '--run-id', id), { code: 2, says: /trian/ })
    expect(await own.json<{ run: RunRecord }>('show', id)).toMatchObject({
      run: { state: 'failed', error: { type: 'missing_handler' } },
    })
  })

  it('a script that raises shows its own traceback, none of ours, and fails with 1', async () => {
    const { code, stdout, stderr } = await workshop.run('run', 'training.py:failing')
    expect(stdout).toContain('Traceback')
    expect(stdout).toContain('training.py", line 6')
    expect(stdout).not.toContain('harness.py')
    expect(stderr).toContain('error: ValueError: bad depth')
    expect(code).toBe(1)
  })

  it('a script that exits with 3 fails with 1, its own code on the record', async () => {
    workshop.write('three.py', 'raise SystemExit(3)\n')
    const { code } = await workshop.run('run', 'three.py')
    expect(code).toBe(1)
    const { stdout } = await workshop.run('show', 'latest', '--json')
    expect(stdout).toMatch(/"code": 3/)
  })

  it('a script killed by a signal says which', async () => {
    workshop.write('killed.py', 'import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n')
    expectSentence(await workshop.run('run', 'killed.py'), { code: 1, says: /SIGSEGV/ })
  })

  it('a script that closes its stdout is tracked to its end', async () => {
    workshop.write(
      'closes.py',
      'import os, sys\nsys.stdout.close()\nos.close(2)\nimport trainyard\ntrainyard.get_or_create_ctx("x").log_result("done", 1)\n',
    )
    const { stdout, code } = await workshop.run('run', 'closes.py', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ state: 'completed', results: { done: 1 } })
  })

  it('a script that leaves a daemon behind does not hold the run up', async () => {
    workshop.write(
      'daemon.py',
      'import subprocess\np = subprocess.Popen(["sleep", "600"])\nopen("daemon.pid", "w").write(str(p.pid))\n',
    )
    const { stdout, code } = await workshop.run('run', 'daemon.py', '--json')
    expect(code).toBe(0)
    // It came back while the daemon was at work.
    expect(process.kill(Number(readFileSync(join(workshop.folder, 'daemon.pid'), 'utf8')), 'SIGKILL')).toBe(true)
    expect(stdout).toContain('left behind')
  })

  it('bytes that are not UTF-8 come back byte for byte', async () => {
    workshop.write('bytes.py', 'import sys\nsys.stdout.buffer.write(bytes(range(256)) * 4)\n')
    await workshop.run('run', 'bytes.py', '-n', 'bytes')
    const raw = execFileSync(process.execPath, [program, 'logs', 'bytes'], { cwd: workshop.folder })
    expect(raw).toEqual(Buffer.from([...Array(4)].flatMap(() => [...Array(256).keys()])))
  })

  it('wrong metric values do not stop the training; they are told, and the exit code says so', async () => {
    workshop.write(
      'values.py',
      'def job(context):\n    context.log_metric("text", "abc")\n    context.log_metric("none", None)\n    context.log_artifact("gone", local_path="gone.bin")\n    context.log_metric("inf", float("-inf"))\n    context.log_metric("fine", 1)\n',
    )
    const { code, stdout } = await workshop.run('run', 'values.py:job', '--json')
    expect(code).toBe(6)
    const run = JSON.parse(stdout) as { state: string; problems: string[]; results: Record<string, unknown> }
    expect(run.state).toBe('completed')
    expect(run.results).toEqual({ inf: '-Infinity', fine: 1 })
    expect(run.problems.join('\n')).toMatch(/text[\s\S]*none[\s\S]*gone\.bin/)
  })

  it('a parameter logged twice with another value keeps the first and tells both', async () => {
    workshop.write('twice.py', 'def job(context, p1=1):\n    context.get_param("q", 1)\n    context.get_param("q", 2)\n')
    const { stdout } = await workshop.run('run', 'twice.py:job', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ parameters: { p1: 1, q: 1 } })
  })

  it('a read-only data directory, a foreign and a truncated database file get a sentence each', async () => {
    const foreign = join(workshop.folder, 'foreign')
    mkdirSync(join(foreign, 'runs'), { recursive: true })
    writeFileSync(join(foreign, 'trainyard.db'), 'this is no database, just text that is long enough to look at'.repeat(20))
    expectSentence(await workshop.run('ls', '--data', 'foreign'), { code: 5, says: /trainyard\.db/ })
    const file = workshop.write('file', '')
    chmodSync(file, 0o400)
    expectSentence(await workshop.run('run', 'training.py', '--data', 'file'), { code: 5, says: /data directory/ })
  })
})
