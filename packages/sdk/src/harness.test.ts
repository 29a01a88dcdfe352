import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { entriesOf } from './testing/read-journal.ts'
import { fixture, printed, removeTemporaryFolders, runJob, startJob, temporaryFolder } from './testing/start-job.ts'

afterAll(removeTemporaryFolders)

const training = fixture('training.ts')
const handlers = fixture('handlers.ts')

function brokenFiles(): string {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'broken-syntax.ts'), 'export const a: number = 1\nexport const b = = 2\n')
  writeFileSync(join(folder, 'broken-enum.ts'), 'const a = 1\n\nexport enum Kind {\n  One,\n}\n')
  writeFileSync(join(folder, 'imports-broken.ts'), "import './broken-syntax.ts'\nexport const train = () => 1\n")
  return folder
}

const endOf = (job: Awaited<ReturnType<typeof runJob>>) => entriesOf(job.journal, 'end')[0]?.[3]
const resultsOf = (job: Awaited<ReturnType<typeof runJob>>) =>
  Object.assign({}, ...entriesOf(job.journal, 'result').map((entry) => entry[3])) as object

describe.concurrent('a handler', () => {
  it('runs with typed parameters: defaults filled and recorded, text converted, what it returns logged', async () => {
    const job = await runJob(training, {
      handler: 'train',
      parameters: { eta: '0.5', label: 1.1, layers: '8,4', shuffle: 'yes' },
      parameterTexts: { eta: '0.5', label: '1.10', layers: '8,4', shuffle: 'yes' },
    })
    expect(JSON.parse(job.output)).toEqual({ eta: 0.5, rounds: 3, label: '1.10', layers: [8, 4], shuffle: true })
    expect(entriesOf(job.journal, 'metric').map(([, , , key, step, value]) => [key, step, value])).toEqual([
      ['loss', 0, 0.5],
      ['loss', 1, 0.25],
      ['loss', 2, 0.5 / 3],
    ])
    expect(entriesOf(job.journal, 'param').map((entry) => entry[3])).toEqual([{ rounds: 3 }])
    expect(resultsOf(job)).toEqual({ accuracy: 0.5, summary: { best: 'yes' } })
    expect(endOf(job)).toEqual({ outcome: 'completed' })
    expect(job.code).toBe(0)
    expect(job.journal[0]?.[2]).toBe('start')
    expect(entriesOf(job.journal, 'start')[0]?.[3].source).toMatchObject({ file: training, handler: 'train' })
  })

  it('may be a plain function, a default export, or belong to a CommonJS file', async () => {
    const [plain, main, common] = await Promise.all([
      runJob(handlers, { handler: 'plain', parameters: { a: 1, b: 2 } }),
      runJob(handlers, { handler: 'default', parameters: { a: 2, b: 2 } }),
      runJob(fixture('common.cjs'), { handler: 'old', parameters: { a: 4 } }),
    ])
    expect(resultsOf(plain)).toEqual({ sum: 3 })
    expect(entriesOf(plain.journal, 'label')[0]?.[3]).toEqual({ kind: 'plain' })
    expect(resultsOf(main)).toEqual({ sum: 4 })
    expect(resultsOf(common)).toEqual({ doubled: 8 })
  })

  it('returns values that are kept as the hints say', async () => {
    const job = await runJob(handlers, {
      handler: 'hinted',
      returns: ['accuracy', 'rows:dataset', { key: 'note', artifact_type: 'file' }],
    })
    expect(resultsOf(job)).toEqual({ accuracy: 0.75 })
    expect(entriesOf(job.journal, 'artifact').map((entry) => [entry[3].key, entry[3].kind, entry[3].path])).toEqual([
      ['rows', 'dataset', 'rows.csv'],
      ['note', 'file', 'note.txt'],
    ])
  })

  it('that throws, or leaves a rejection unhandled, fails with the error and node its exit code', async () => {
    const [thrown, rejected] = await Promise.all([
      runJob(handlers, { handler: 'fails' }),
      runJob(handlers, { handler: 'rejects' }),
    ])
    expect(thrown.code).toBe(1)
    expect(endOf(thrown)).toMatchObject({ outcome: 'failed', error: { type: 'RangeError', message: 'out of range on purpose' } })
    expect(endOf(thrown)?.error?.traceback).toContain('handlers.ts')
    expect(thrown.output).toContain('Uncaught RangeError: out of range on purpose')
    expect(rejected.code).toBe(1)
    expect(endOf(rejected)).toMatchObject({ outcome: 'failed', error: { type: 'TypeError', message: 'nobody waits for this' } })
  })

  it('that leaves a timer behind still ends', async () => {
    const job = await runJob(handlers, { handler: 'leavesTimer' })
    expect([job.code, endOf(job)]).toEqual([0, { outcome: 'completed' }])
    expect(resultsOf(job)).toEqual({ return: 7 })
  })

  it('reads its secrets, and none of them lands in the journal or the environment', async () => {
    const job = await runJob(handlers, { handler: 'secret', secrets: { KEY: 'swordfish' } })
    expect(resultsOf(job)).toEqual({ length: 9 })
    expect(JSON.stringify(job.journal)).not.toContain('swordfish')
  })

  it('makes children, whose journals lie beside its own', async () => {
    const job = await runJob(handlers, { handler: 'sweeps' })
    expect(entriesOf(job.journal, 'child').map((entry) => [entry[3].iteration, entry[3].parameters])).toEqual([
      [1, { depth: 1 }],
      [2, { depth: 2 }],
      [3, { depth: 3 }],
    ])
    expect(entriesOf(job.journal, 'best')[0]?.[3].iteration).toBe(2)
  })
})

describe.concurrent('a request that cannot be run', () => {
  it('names the handlers there are, nearest first', async () => {
    const [missing, constant] = await Promise.all([
      runJob(handlers, { handler: 'plian' }),
      runJob(handlers, { handler: 'notAFunction' }),
    ])
    expect(missing.code).toBe(1)
    expect(endOf(missing)?.error?.type).toBe('missing_handler')
    expect(endOf(missing)?.error?.message).toMatch(/exports no function 'plian': it exports plain, /)
    expect(endOf(constant)?.error?.message).toContain('is not a function')
  })

  it('tells about a wrong parameter with a sentence in the record, for the supervisor to say once', async () => {
    const sentence = `Parameter 'eta' is "fast"; it should be a number.`
    const job = await runJob(training, { handler: 'train', parameters: { eta: 'fast' } })
    expect(endOf(job)).toEqual({ outcome: 'failed', error: { type: 'invalid_parameter', message: sentence } })
    expect(job.output).toBe('')
  })

  it.each([
    ['broken-syntax.ts', 'train', /broken-syntax\.ts:2: Expression expected: correct the line\.$/],
    [
      'broken-enum.ts',
      'train',
      /broken-enum\.ts:3: TypeScript enum is not supported in strip-only mode: Node runs TypeScript by/,
    ],
    ['imports-broken.ts', 'train', /broken-syntax\.ts:2: /],
    ['broken-syntax.ts', undefined, /broken-syntax\.ts:2: /],
    ['broken-enum.ts', undefined, /broken-enum\.ts:3: /],
  ])('says where %s cannot be parsed (handler %s)', async (file, handler, sentence) => {
    const job = await runJob(join(brokenFiles(), file), handler === undefined ? {} : { handler })
    expect(job.code).toBe(1)
    expect(endOf(job)?.error?.type).toBe('syntax_error')
    expect(endOf(job)?.error?.message).toMatch(sentence)
  })

  it('says that the script is missing, and that a hint is wrong before anything runs', async () => {
    const [missing, missingToo, hint] = await Promise.all([
      runJob('/nowhere/training.ts'),
      runJob('/nowhere/training.ts', { handler: 'train' }),
      runJob(handlers, { handler: 'plain', returns: ['model:modle'] }),
    ])
    expect(endOf(missing)?.error).toMatchObject({ type: 'missing_script', message: 'There is no script /nowhere/training.ts.' })
    expect(endOf(missingToo)?.error?.type).toBe('missing_script')
    expect(endOf(hint)?.error?.message).toContain("did you mean 'model'?")
    expect(entriesOf(hint.journal, 'label')).toEqual([])
  })
})

describe.concurrent('a script', () => {
  it('runs as the main module, with the arguments and folder that node would give it', async () => {
    const started = startJob(fixture('script.ts'), { arguments: ['x', '--y'], parameters: { eta: 0.4 } })
    const job = await started.ended
    const [isMain, words, folder, eta] = JSON.parse(job.output) as unknown[]
    expect([isMain, words, eta]).toEqual([true, [fixture('script.ts'), 'x', '--y'], 0.4])
    expect(started.job.runDirectory.startsWith(String(folder))).toBe(true)
    expect(entriesOf(job.journal, 'metric')[0]?.slice(3)).toEqual(['loss', 0, 0.4])
    expect(endOf(job)).toEqual({ outcome: 'completed' })
  })

  it('fails with its error, and keeps its own exit code', async () => {
    const [failed, left] = await Promise.all([
      runJob(fixture('script.ts'), { arguments: ['--fail'] }),
      runJob(fixture('script.ts'), { arguments: ['--exit'] }),
    ])
    expect([failed.code, endOf(failed)?.error?.message]).toEqual([1, 'the script failed'])
    expect([left.code, endOf(left)]).toEqual([
      3,
      { outcome: 'failed', error: { type: 'ProcessExit', message: 'The script ended with exit code 3.' } },
    ])
  })

  it('may use this package without having it installed', async () => {
    const folder = temporaryFolder()
    const script = join(folder, 'alone.mjs')
    writeFileSync(script, "import { getOrCreateContext } from '@trainyard/sdk'\ngetOrCreateContext().logResult('a', 1)\n")
    const job = await runJob(script)
    expect(resultsOf(job)).toEqual({ a: 1 })
  })

  it('may be CommonJS', async () => {
    const job = await runJob(fixture('common.cjs'))
    expect([job.output, endOf(job)?.outcome]).toEqual(['main\n', 'completed'])
  })

  it('shares its run with worker threads (secrets too) and child processes (secrets not)', async () => {
    const job = await runJob(fixture('worker.ts'), { handler: 'train', secrets: { KEY: 'hidden' } })
    const points = entriesOf(job.journal, 'metric').map((entry) => [entry[3], entry[5]])
    expect(points.toSorted((a, b) => Number(a[1]) - Number(b[1]))).toEqual([
      ['main', 1],
      ['worker', 2],
      ['child', 3],
    ])
    expect(entriesOf(job.journal, 'end')).toHaveLength(1)
  })
})

describe.concurrent('a stop', () => {
  it.each(['waitsForAbort', 'throwsWhenAborted'])('aborts the signal that %s looks at; the run is aborted', async (handler) => {
    const { child, ended } = startJob(handlers, { handler })
    await printed(child, 'waiting')
    child.kill('SIGTERM')
    const job = await ended
    expect(endOf(job)).toEqual({ outcome: 'aborted' })
    if (handler === 'waitsForAbort') expect(resultsOf(job)).toEqual({ saved: 1 })
  })

  it('ends a process at once that never looks at the signal', async () => {
    const { child, ended } = startJob(handlers, { handler: 'neverLooks' })
    await printed(child, 'waiting')
    child.kill('SIGTERM')
    expect((await ended).signal).toBe('SIGTERM')
  })

  it('by kill -9 loses nothing that was logged before', async () => {
    const { child, ended } = startJob(handlers, { handler: 'logsForever' })
    await printed(child, 'many')
    child.kill('SIGKILL')
    const job = await ended
    const steps = entriesOf(job.journal, 'metric').map((entry) => entry[4])
    expect(steps.length).toBeGreaterThan(20_000)
    expect(steps.every((step, index) => step === index)).toBe(true)
  })
})
