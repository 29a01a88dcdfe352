import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, type Started, Workshop } from './program.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop[Symbol.dispose]())

const code = `"""Trains."""
import os

def train(context, rate: float = 0.1, name="x"):
    """Fits a model.
    :param rate: how fast
    """
    context.log_result("score", rate * 2)
    context.log_result("greeting", os.environ.get("GREETING"))

def other(context):
    context.log_result("other", True)
`

interface Version {
  name: string
  hash: string
  tags: string[]
  reference: string
  spec: { entryPoints: Record<string, unknown>; requirements?: string[]; parameters?: object }
}

describe('a function', () => {
  it('is kept in versions, runs with what it has and what is asked for, and the run tells the version', async () => {
    workshop.write('train.py', code)
    const made = await workshop.json<Version>('function', 'new', 'train.py:train', '-p', 'rate=0.5', '--env', 'GREETING=hello')
    expect(made).toMatchObject({ name: 'train', tags: ['latest'], spec: { parameters: { rate: 0.5 } } })
    workshop.write('train.py', 'raise SystemExit("the file is not what runs")')
    const run = await workshop.json('function', 'run', 'train')
    expect(run).toMatchObject({
      state: 'completed',
      experiment: 'train',
      labels: { function: made.reference },
      results: { score: 1, greeting: 'hello' },
    })
    const asked = await workshop.json(
      'run',
      `db://default/train@${made.hash.slice(0, 10)}`,
      '-p',
      'rate=4',
      '--env',
      'GREETING=you',
    )
    expect(asked.results).toMatchObject({ score: 8, greeting: 'you' })
    expect((await workshop.json('function', 'run', 'train', '--handler', 'other')).results).toMatchObject({ other: true })
    const sweep = await workshop.json('function', 'run', 'train', '-x', 'rate=[1,3]', '--selector', 'max.score')
    expect(sweep).toMatchObject({ state: 'completed', labels: { function: made.reference } })
  })

  it('with a source works there, with its modules, and what a requirement of its says stays with it', async () => {
    workshop.write('code/pkg/__init__.py', '')
    workshop.write('code/pkg/tools.py', 'def twice(x):\n    return 2 * x\n')
    workshop.write(
      'code/pkg/jobs.py',
      'from pkg.tools import twice\ndef go(context, n=3):\n    context.log_result("n", twice(n))\n    context.log_result("text", open("data.txt").read())\n',
    )
    workshop.write('code/data.txt', 'here')
    await workshop.json('function', 'new', 'code', '--handler', 'pkg.jobs.go', '--name', 'deep')
    expect((await workshop.json('function', 'run', 'deep', '-p', 'n=4')).results).toMatchObject({ n: 8, text: 'here' })
  })

  it('from an archive works in a copy of its own: what it writes beside its code is seen by no other run', async () => {
    workshop.write(
      'code/jobs.py',
      'import os\ndef go(context):\n    context.log_result("left", os.path.exists("left.txt"))\n    open("left.txt", "w").write("x")\n    context.log_result("text", open("data.txt").read())\n',
    )
    workshop.write('code/data.txt', 'here')
    execFileSync('tar', ['czf', 'code.tgz', '-C', 'code', '.'], { cwd: workshop.folder })
    await workshop.json('function', 'new', 'code.tgz', '--handler', 'jobs.go', '--name', 'apart')
    const first = await workshop.json('function', 'run', 'apart')
    expect(first).toMatchObject({ state: 'completed', results: { left: false, text: 'here' } })
    expect((await workshop.json('function', 'run', 'apart')).results).toMatchObject({ left: false })
    expect(existsSync(join(workshop.folder, '.trainyard', 'work', first.id))).toBe(false)
    // The record names what is still there.
    expect(existsSync(first.code?.workingDirectory ?? '')).toBe(true)
  })

  it('is shown, compared, tagged, written to a file and taken in again, deleted', async () => {
    workshop.write('train.py', code)
    const first = await workshop.json<Version>('function', 'new', 'train.py:train')
    workshop.write('train.py', code.replace('rate * 2', 'rate * 3'))
    const second = await workshop.json<Version>('function', 'new', 'train.py:train', '--cpu', '2', '-t', 'v2')
    expect((await workshop.json<Version>('function', 'new', 'train.py:train', '--cpu', '2')).hash).toBe(second.hash)
    const { functions } = await workshop.json<{ functions: Version[] }>('function', 'ls', 'train', '--versions')
    expect(new Set(functions.map(({ hash }) => hash))).toEqual(new Set([first.hash, second.hash]))
    const diff = await workshop.run('function', 'diff', 'train')
    expect(diff.stdout).toMatch(/spec\.resources\.limits\.cpu +- +2[\s\S]*- .*rate \* 2[\s\S]*\+ .*rate \* 3/)
    expect((await workshop.run('function', 'show', 'train')).stdout).toMatch(
      /train\(context, rate, name\)[\s\S]*rate float = 0.1 {2}how fast/,
    )
    expect((await workshop.run('function', 'show', `train@${first.hash}`, '--code')).stdout).toBe(code)
    await workshop.json('function', 'tag', `train@${first.hash}`, 'production')
    await workshop.run('function', 'export', 'train:production', 'out/function.yaml')
    const written = readFileSync(join(workshop.folder, 'out/function.yaml'), 'utf8')
    expect(written).not.toContain('project')
    expect(await workshop.json('--project', 'elsewhere', 'function', 'import', 'out', '--name', 'copy')).toMatchObject({
      project: 'elsewhere',
      name: 'copy',
      spec: { code },
    })
    expect((await workshop.json('--project', 'elsewhere', 'function', 'run', 'copy')).results).toMatchObject({ score: 0.2 })
    expect(await workshop.json('function', 'rm', 'train:production', '--yes')).toEqual({ deleted: 1 })
    expect(await workshop.json('function', 'rm', 'train', '--yes')).toEqual({ deleted: 1 })
  })

  it("of the seed's function.yaml is taken in and written again", async () => {
    workshop.write(
      'function.yaml',
      "kind: job\nmetadata:\n  name: remote-git-test\n  project: default\n  tag: latest\nspec:\n  command: 'myfunc.py'\n  args: []\n  image_pull_policy: Always\n  build:\n    commands: ['pip install pandas']\n    base_image: mlrun/mlrun:dev\n    source: git://github.com/mlrun/ci-demo.git\n",
    )
    await workshop.json('function', 'import', 'function.yaml')
    expect((await workshop.run('function', 'export', 'remote-git-test', '-')).stdout).toBe(
      'kind: job\nmetadata:\n  name: remote-git-test\nspec:\n  command: myfunc.py\n  image_pull_policy: Always\n  build:\n    commands:\n    - pip install pandas\n    base_image: mlrun/mlrun:dev\n    source: git://github.com/mlrun/ci-demo.git\n',
    )
  })

  it('of a hub is taken in with its code, and a name that is none told with the nearest', async () => {
    const taken = await workshop.json<Version & { spec: { code: string } }>('function', 'import', 'hub://describe')
    expect(taken).toMatchObject({ name: 'describe', spec: { code: expect.stringContaining('def ') } })
    expect(Object.keys(taken.spec.entryPoints).length).toBeGreaterThan(0)
    const wrong = await workshop.run('function', 'import', 'hub://trainyard/descirbe')
    expect([wrong.code === 0, wrong.stderr]).toEqual([false, expect.stringContaining('describe')])
  })

  it.each([
    [['function', 'new'], 'has no name'],
    [['function', 'new', '--name', 'f'], 'has no code: give it a file, a source'],
    [['function', 'new', 'train.py:trian'], "has no handler 'trian'; it has: train, other."],
    [['function', 'new', 'train.py', '--kind', 'jop'], 'did you mean job?'],
    [['function', 'new', 'missing.py'], 'There is no source'],
    [['function', 'new', 'train.py', '--name', 'a/b'], 'may not have spaces nor any of'],
    [['function', 'run', 'trian'], 'did you mean train?'],
    [['function', 'run', 'train:nothing'], 'has no version tagged nothing (its tags: latest)'],
    [['function', 'run', 'a b'], 'names no function'],
    [['function', 'import', 'train.py'], 'is not YAML'],
    [['function', 'diff', 'train'], 'has no version before this one'],
  ])('%j is refused in one sentence, with the exit code of bad input', async (words, reason) => {
    workshop.write('train.py', code)
    await workshop.run('function', 'new', 'train.py')
    const { code: exit, stderr } = await workshop.run(...words)
    expect(stderr).toContain(reason)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(exit).not.toBe(0)
  })

  it('whose packages cannot be had fails with what the installer says', async () => {
    workshop.write('train.py', code)
    await workshop.run('function', 'new', 'train.py:train', '-r', './no-such-package-here')
    const { code: exit, stderr } = await workshop.run('function', 'run', 'train')
    expect(exit).not.toBe(0)
    expect(stderr).toMatch(/no-such-package-here/)
    expect(stderr).not.toContain('Traceback')
    const [run] = (await workshop.json<{ runs: RunRecord[] }>('ls')).runs
    expect(run).toMatchObject({ state: 'failed', stateReason: expect.stringContaining('no-such-package-here') })
  })

  it('whose requirements include each other fails with that on the run', async () => {
    workshop.write('a.txt', '-r b.txt\n')
    workshop.write('b.txt', '-r a.txt\n')
    workshop.write('train.py', code)
    await workshop.run('function', 'new', 'train.py:train', '--requirement=-r a.txt')
    const { code: exit } = await workshop.run('function', 'run', 'train')
    expect(exit).not.toBe(0)
    const [run] = (await workshop.json<{ runs: RunRecord[] }>('ls')).runs
    expect(run).toMatchObject({ state: 'failed', stateReason: expect.stringContaining('includes itself') })
  })

  it('whose repository is not to be had fails with what Git says, on the run', async () => {
    const source = `git+file://${workshop.folder}/none.git`
    workshop.write(
      'function.yaml',
      `kind: job\nmetadata: {name: far}\nspec:\n  default_handler: jobs.go\n  build: {source: "${source}"}\n`,
    )
    await workshop.json('function', 'import', 'function.yaml')
    const { code: exit, stderr } = await workshop.run('function', 'run', 'far', '-p', 'n=2')
    expect([exit === 0, stderr]).toEqual([false, expect.stringContaining('Cannot read the repository')])
    const [run] = (await workshop.json<{ runs: RunRecord[] }>('ls')).runs
    expect(run).toMatchObject({ state: 'failed', parameters: { n: 2 }, error: { type: 'source' } })
  })

  it('gets the secrets of its project in its variables, and no record tells them', async () => {
    workshop.write(
      'jobs.py',
      'import os\ndef go(context, n=1):\n    context.log_result("match", os.environ.get("TOKEN") == "s3cr" + "et!" * 2)\n    context.log_result("other", os.environ.get("OTHER"))\n    context.log_result("n", n)\n',
    )
    await workshop.run('project', 'secrets', 'set', 'token=s3cret!et!')
    await workshop.run('function', 'new', 'jobs.py:go', '--name', 'go')
    await workshop.run('function', 'export', 'go', 'function.yaml')
    const text = readFileSync(join(workshop.folder, 'function.yaml'), 'utf8')
    const variables = (key: string) => `{secretKeyRef: {name: project, key: ${key}}}`
    const env = `spec:\n  env:\n  - {name: TOKEN, valueFrom: ${variables('token')}}\n  - {name: OTHER, valueFrom: ${variables('missing')}}\n`
    workshop.write('function.yaml', text.replace('spec:\n', env))
    await workshop.json('function', 'import', 'function.yaml')
    const run = await workshop.json('function', 'run', 'go')
    expect(run).toMatchObject({
      state: 'completed',
      results: { match: true, other: null },
      task: { environmentSecrets: { TOKEN: { secret: 'project', key: 'token' } } },
      problems: [expect.stringContaining('OTHER was not set: the project default has no secret missing')],
    })
    expect(JSON.stringify(await workshop.json('show', run.id))).not.toContain('s3cret!')
    expect((await workshop.json('function', 'run', 'go', '--env', 'OTHER=mine')).results).toMatchObject({ other: 'mine' })
    const sweep = await workshop.json('function', 'run', 'go', '-x', 'n=[1,2]', '--selector', 'max.n')
    expect(sweep.results).toMatchObject({ match: true })
  })
})

describe('through a server', () => {
  let started: Started | undefined
  afterEach(async () => {
    started?.kill('SIGTERM')
    await started?.finished
  })

  it('functions are kept and run there', { timeout: 180_000 }, async () => {
    const port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port: found } = probe.address() as { port: number }
        probe.close(() => resolve(found))
      })
    })
    started = workshop.start(['up', '--port', String(port), '--no-open', '--token', 't'])
    await eventually(async () => ((await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.ok ? true : undefined))
    using here = new Workshop({ TRAINYARD_URL: `http://127.0.0.1:${port}`, TRAINYARD_TOKEN: 't' })
    here.write('train.py', code)
    const made = await here.json<Version>('function', 'new', 'train.py:train', '-p', 'rate=2')
    const { functions } = await workshop.json<{ functions: Version[] }>('function', 'ls')
    expect(functions.map(({ reference }) => reference)).toEqual([made.reference])
    const remote = await here.json('function', 'run', 'train', '--on', 'server', '-p', 'name=y')
    expect(remote).toMatchObject({ state: 'completed', results: { score: 4 }, labels: { function: made.reference } })
    const local = await here.json('function', 'run', 'train')
    expect(local).toMatchObject({ state: 'completed', results: { score: 4 } })
    expect(await here.json('function', 'rm', 'train', '--yes')).toEqual({ deleted: 1 })
  })
})
