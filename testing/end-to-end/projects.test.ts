import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
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

describe('a project as a folder', () => {
  const projectYaml = `kind: project
metadata: {name: churn, labels: {team: crm}}
spec:
  description: who leaves
  params: {threshold: 0.5}
  default_image: python:3.12
  functions:
  - {url: train.py, name: train, kind: job, handler: train}
  - {url: hub://describe, name: describe}
  workflows: [{name: main, path: workflow.py}]
  artifacts: [{key: table, kind: dataset, target_path: data.csv}]
  secrets: [API_KEY]
  own-field: [1, {kept: true}]
`
  const write = (): void => {
    workshop.write('churn/project.yaml', projectYaml)
    workshop.write('churn/train.py', 'def train(context, rate: float = 0.1):\n    context.log_result("rate", rate)\n')
    workshop.write('churn/data.csv', 'a,b\n1,2\n')
  }

  it('is synced both ways: edited scripts, what is said beside them, embedded copies and notebooks', async () => {
    const notebook = JSON.stringify({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: {},
      cells: [{ cell_type: 'code', metadata: {}, source: 'def look(context):\n    context.log_result("a", 1)\n', outputs: [] }],
    })
    workshop.write('churn/train.py', 'def train(context, rate=0.1):\n    context.log_result("rate", rate)\n')
    workshop.write('churn/look.ipynb', notebook)
    const embedded = '{kind: job, metadata: {name: inner}, spec: {command: train.py, image: old}}'
    workshop.write(
      'churn/project.yaml',
      `kind: project\nmetadata: {name: churn}\nspec:\n  functions:\n  - {url: train.py, kind: job, handler: train}\n  - {url: look.ipynb, name: look}\n  - {name: inner, spec: ${embedded}}\n`,
    )
    expect(await workshop.run('project', 'load', 'churn')).toMatchObject({ code: 0 })
    await workshop.run('project', 'sync', 'churn', '--to-folder')
    const differing = async (): Promise<string[]> =>
      (await workshop.json<{ differences: { path: string }[] }>('project', 'sync', 'churn')).differences.map(({ path }) => path)
    expect(await differing()).toEqual([])

    workshop.write('churn/train.py', 'def train(context, rate=0.5):\n    context.log_result("rate", rate)\n')
    expect(await differing()).toEqual(['train.py'])
    await workshop.run('project', 'sync', 'churn', '--from-folder')
    expect(await differing()).toEqual([])
    expect((await workshop.json('--project', 'churn', 'run', 'db://churn/train')).results).toEqual({ rate: 0.5 })

    workshop.write(
      'train.py',
      'def train(context, rate=0.7):\n    context.log_result("rate", rate)\ndef check(context):\n    pass\n',
    )
    await workshop.run('--project', 'churn', 'function', 'new', 'train.py:check', '--name', 'train')
    await workshop.run('--project', 'churn', 'function', 'new', '--name', 'inner', '--image', 'new', '--command', 'train.py')
    workshop.write('look.py', 'def look(context):\n    context.log_result("a", 2)\n')
    await workshop.run('--project', 'churn', 'function', 'new', 'look.py', '--name', 'look')
    expect((await differing()).toSorted()).toEqual(['functions/look.yaml', 'project.yaml', 'train.py'])
    await workshop.run('project', 'sync', 'churn', '--to-folder')
    expect(await differing()).toEqual([])
    const read = (name: string): string => readFileSync(join(workshop.folder, 'churn', name), 'utf8')
    expect(read('train.py')).toContain('rate=0.7')
    expect(read('project.yaml')).toMatch(/handler: check/)
    expect(read('project.yaml')).toMatch(/image: new/)
    expect(read('project.yaml')).toMatch(/url: functions\/look\.yaml/)
    await workshop.run('project', 'sync', 'churn', '--from-folder')
    expect(await differing()).toEqual([])
    expect(await workshop.json('--project', 'churn', 'function', 'show', 'look')).toMatchObject({
      spec: { code: expect.stringContaining('"a", 2') },
    })
  })

  it('nothing differs right after it was loaded, with a setup too; what differs is shown by fields and lines', async () => {
    write()
    workshop.write('churn/project_setup.py', 'def setup(project):\n    project.spec.description = "set up"\n')
    await workshop.run('--project', 'churn', 'project', 'secrets', 'set', 'API_KEY=1')
    await workshop.run('project', 'load', 'churn')
    expect((await workshop.run('project', 'sync', 'churn')).stderr).toContain('says what the records say')
    workshop.write(
      'churn/project.yaml',
      projectYaml.replace('threshold: 0.5', 'threshold: 0.7').replace('handler: train}', 'handler: other}'),
    )
    workshop.write('churn/train.py', 'def train(context, rate: float = 0.4):\n    context.log_result("rate", rate)\n')
    const { stdout } = await workshop.run('project', 'sync', 'churn')
    expect(stdout).toMatch(/project\.yaml: differs\n.*folder +records/)
    expect(stdout).toMatch(/spec\.functions\.train\.handler +other +train\n/)
    expect(stdout).toMatch(/spec\.params\.threshold +0\.7 +0\.5\n/)
    expect(stdout).toMatch(
      /train\.py: differs[^]*-def train\(context, rate: float = 0\.4\)[^]*\+def train\(context, rate: float = 0\.1\)/,
    )
    const { differences } = await workshop.json<{ differences: { path: string; fields: object[] }[] }>('project', 'sync', 'churn')
    expect(differences).toMatchObject([
      {
        path: 'project.yaml',
        fields: [{ path: 'spec.functions.train.handler' }, { path: 'spec.params.threshold', before: 0.7, after: 0.5 }],
      },
      { path: 'train.py', fields: [] },
    ])
  })

  it('a function made from a script of the folder is referred to where it lies; only what that cannot say is written out', async () => {
    const code = (value: number): string => `def job(context):\n    context.log_result("value", ${value})\n`
    workshop.write('code/one.py', code(1))
    workshop.write('code/two.py', code(2))
    workshop.write('code/three.py', code(3))
    const make = async (...given: string[]): Promise<void> => {
      expect(await workshop.run('--project', 'p', 'function', 'new', ...given)).toMatchObject({ code: 0 })
    }
    await make('code/one.py')
    await make('code/two.py', '--name', 'second', '--handler', 'job', '--requirement', 'requests')
    await make('code/three.py', '--cpu', '2')
    workshop.write('code/three.py', code(4))
    await workshop.run('--project', 'p', 'project', 'save', '.')
    const text = readFileSync(join(workshop.folder, 'project.yaml'), 'utf8')
    expect(text).toContain('url: code/one.py')
    expect(text).toContain('url: code/two.py')
    expect(text).toContain('handler: job')
    expect(readdirSync(join(workshop.folder, 'functions'))).toEqual(['three.yaml'])
    expect((await workshop.run('project', 'sync', '.')).stderr).toContain('says what the records say')
    workshop.write('code/one.py', code(5))
    await workshop.run('project', 'sync', '.', '--from-folder')
    expect((await workshop.json('--project', 'p', 'run', 'db://p/one', '--handler', 'job')).results).toEqual({ value: 5 })
  })

  it('a script that was renamed is found by what it says', async () => {
    workshop.write('project/code/one.py', 'def job(context):\n    context.log_result("value", 1)\n')
    await workshop.run('--project', 'p', 'function', 'new', 'project/code/one.py')
    renameSync(join(workshop.folder, 'project/code/one.py'), join(workshop.folder, 'project/code/renamed.py'))
    expect(await workshop.run('--project', 'p', 'project', 'save', 'project')).toMatchObject({ code: 0 })
    expect(readFileSync(join(workshop.folder, 'project/project.yaml'), 'utf8')).toContain('url: code/renamed.py')
    expect(readdirSync(join(workshop.folder, 'project')).toSorted()).toEqual(['code', 'project.yaml'])
    expect((await workshop.run('project', 'sync', 'project')).stderr).toContain('says what the records say')
  })

  it('is not written through a link that leads out of its folder', async () => {
    workshop.write('elsewhere.py', 'def job(context):\n    pass\n')
    await workshop.run('--project', 'p', 'function', 'new', 'elsewhere.py', '--name', 'one')
    for (const folder of ['project', 'outside']) mkdirSync(join(workshop.folder, folder))
    symlinkSync('../outside', join(workshop.folder, 'project/functions'))
    const refused = await workshop.run('--project', 'p', 'project', 'save', 'project')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/functions\/one\.yaml is not written, as .*project\/functions is a link that leads out of/)
    expect(['project', 'outside'].map((folder) => readdirSync(join(workshop.folder, folder)))).toEqual([['functions'], []])
  })

  it('is loaded with a warning for each artifact whose file is not there', async () => {
    write()
    rmSync(join(workshop.folder, 'churn', 'data.csv'))
    const loaded = await workshop.run('project', 'load', 'churn')
    expect(loaded.code).toBe(0)
    expect(loaded.stderr).toMatch(/the artifact table is kept, and its file is not there: \S+data\.csv/)
  })

  it('is loaded with its functions and artifacts, saved, compared, packed and taken in again', async () => {
    write()
    const loaded = await workshop.run('project', 'load', 'churn')
    expect(loaded.stderr).toContain('Loaded churn with 2 functions and 1 artifact')
    expect(loaded.stderr).toContain('secrets set API_KEY=…')
    const shown = await workshop.json<{ spec: object; metadata: object }>('project', 'get', 'churn')
    expect(shown).toMatchObject({ metadata: { labels: { team: 'crm' } }, spec: { 'own-field': [1, { kept: true }] } })
    const run = await workshop.json('--project', 'churn', 'run', 'db://churn/train', '-p', 'rate=0.3')
    expect(run.results).toEqual({ rate: 0.3 })
    const synced = await workshop.run('project', 'sync', 'churn')
    expect(synced.stderr).toContain('says what the records say')
    expect(await workshop.run('--project', 'churn', 'project', 'save', 'churn')).toMatchObject({ code: 0 })
    const saved = readFileSync(join(workshop.folder, 'churn/project.yaml'), 'utf8')
    expect(saved).toContain('spec:\n      src_path: data.csv\n')
    expect((await workshop.run('project', 'sync', 'churn')).stderr).toContain('says what the records say')
    for (const name of ['churn.zip', 'churn.tar.gz']) {
      expect(await workshop.run('--project', 'churn', 'project', 'export', name, '--folder', 'churn')).toMatchObject({ code: 0 })
      const copy = name.replaceAll('.', '-')
      const taken = await workshop.run('project', 'import', name, '--name', copy)
      expect(taken.stderr).toContain(`Loaded ${copy} with 2 functions`)
      expect(existsSync(join(workshop.folder, copy, 'train.py'))).toBe(true)
    }
    const again = await workshop.run('project', 'import', 'churn.zip', 'churn')
    expect(again.stderr).toContain('is not empty')
  })

  it('project_setup.py describes the project further, and what it may not do is named', async () => {
    write()
    workshop.write(
      'churn/project_setup.py',
      'print("setting up")\ndef setup(project):\n    project.spec.description = "set up"\n    project.params["rate"] = 0.2\n    project.set_function("train.py", "again", handler="train")\n    project.set_secrets({"API_KEY": "hush"})\n    return project\n',
    )
    const loaded = await workshop.json<{ project: { spec: Record<string, unknown> }; functions: string[] }>(
      'project',
      'load',
      'churn',
    )
    expect(loaded.project.spec).toMatchObject({ description: 'set up', params: { threshold: 0.5, rate: 0.2 } })
    expect(loaded.functions).toEqual(['train', 'describe', 'again'])
    expect((await workshop.run('--project', 'churn', 'project', 'secrets', 'ls', '--quiet')).stdout).toBe('API_KEY\n')
    workshop.write('churn/project_setup.py', 'def setup(project):\n    project.run("main")\n')
    expect((await workshop.run('project', 'load', 'churn')).stderr).toContain(
      'project.run is not there while a project is loaded',
    )
  })

  it('comes from a Git repository', async () => {
    write()
    const git = (...words: string[]): void =>
      void execFileSync('git', ['-C', join(workshop.folder, 'churn'), '-c', 'user.name=a', '-c', 'user.email=a@b', ...words])
    git('init', '-q', '-b', 'main')
    git('add', '.')
    git('commit', '-qm', 'all')
    const loaded = await workshop.run('project', 'load', `git+file://${join(workshop.folder, 'churn')}#main`, 'cloned')
    expect(loaded.stderr).toContain('Loaded churn with 2 functions')
    expect(existsSync(join(workshop.folder, 'cloned', 'train.py'))).toBe(true)
  })

  it.each([
    ['kind: function\nmetadata: {name: a}\n', 'is of the kind "function", not project'],
    ['kind: project\nmetadata: {name: a/b}\n', "holds a '/'"],
    ['kind: project\nmetadata: {name: a}\nspec: {functions: {x: 1}}\n', 'spec.functions must be a list of tables'],
    ['kind: project\n\tmetadata: 1\n', 'line 2'],
    ['kind: project\nmetadata: {name: a}\nspec: {functions: [{name: f, url: gone.py}]}\n', 'there is no gone.py'],
    [
      'kind: project\nmetadata: {name: a}\nspec: {functions: [{name: f, url: "hub://trainyard/descrbe"}]}\n',
      'did you mean describe',
    ],
  ])('%j is refused in one sentence, with nothing half done', async (text, sentence) => {
    workshop.write('bad/project.yaml', text)
    const { code, stderr } = await workshop.run('project', 'load', 'bad')
    expect(code).not.toBe(0)
    expect(stderr).toContain(sentence)
    const { projects } = await workshop.json<{ projects: { name: string }[] }>('project', 'ls')
    expect(projects.map(({ name }) => name)).not.toContain('a')
  })
})
