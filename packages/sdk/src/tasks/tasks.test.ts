import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TaskSchema } from '@trainyard/contract/task'
import { Check } from 'typebox/schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture, removeTemporaryFolders, temporaryFolder } from '../testing/start-job.ts'
import { commandWords } from './command-line.ts'
import { choice, integer, logUniform, normal, uniform } from './distributions.ts'
import { runLocal } from './run-local.ts'
import { newTask, handlerOf } from './task.ts'

afterAll(removeTemporaryFolders)

describe('a task', () => {
  it('is built by chained calls into what files and the command line know', () => {
    const task = newTask({ name: 'train', handler: 'training.ts:train', labels: { team: 'a' } })
      .withParameters({ eta: 0.1 })
      .withParameters({ rounds: 3, limit: Number.POSITIVE_INFINITY })
      .withInput('rows', 's3://bucket/rows.csv')
      .withSecrets('file', 'secrets.txt')
      .withSecrets('inline', { KEY: 'value' })
      .withHyperParameters({ depth: [1, 2], eta: logUniform(1e-4, 1) }, 'max.accuracy', { strategy: 'random', maxIterations: 10 })
      .setLabel('kind', 'x')
    expect(task.toJSON()).toEqual({
      name: 'train',
      command: 'training.ts',
      handler: 'train',
      parameters: { eta: 0.1, rounds: 3, limit: 'Infinity' },
      inputs: { rows: 's3://bucket/rows.csv' },
      secrets: [
        { kind: 'file', source: 'secrets.txt' },
        { kind: 'inline', source: { KEY: 'value' } },
      ],
      labels: { team: 'a', kind: 'x' },
      sweep: {
        hyperParameters: { depth: [1, 2], eta: { type: 'loguniform', low: 1e-4, high: 1 } },
        selector: 'max.accuracy',
        strategy: 'random',
        maxIterations: 10,
      },
    })
    expect(Check(TaskSchema, task.toJSON())).toBe(true)
  })

  it('takes every distribution and a parameter file, and clones apart', () => {
    const space = { a: choice(['x']), b: uniform(0, 1, { step: 0.5 }), c: integer(1, 8, { log: true }), d: normal(0, 1) }
    const task = newTask({ command: 'a.ts' }).withHyperParameters(space)
    const other = task.clone().withParameterFile('rows.csv', 'min.loss')
    expect(Check(TaskSchema, other.toJSON())).toBe(true)
    expect(task.toJSON().sweep).not.toHaveProperty('parameterFile')
  })
})

describe('runLocal', () => {
  const words = process.env['TRAINYARD_CLI']
  beforeAll(() => {
    process.env['TRAINYARD_CLI'] = JSON.stringify([process.execPath, fixture('command.mjs')])
  })
  afterAll(() => {
    if (words === undefined) delete process.env['TRAINYARD_CLI']
    else process.env['TRAINYARD_CLI'] = words
  })

  it('hands the task to the command on standard input and gives the run with its outputs', async () => {
    const workingDirectory = temporaryFolder()
    const task = newTask({ handler: 'a.ts:train' }).withSecrets('inline', { KEY: 'hidden' })
    const run = await runLocal(task, { workingDirectory, watch: false, overrides: { handler: 'b.ts:train' } })
    const told = JSON.parse(readFileSync(join(workingDirectory, 'task.json'), 'utf8')) as { task: object; rest: string[] }
    expect(told.task).toMatchObject({ command: 'b.ts', handler: 'train' })
    expect(told.rest).toEqual(['--task', '-', '--json'])
    expect([run.state, run.outputs['accuracy'], run.outputs['loss']]).toEqual(['completed', 0.9, Number.NaN])
    expect(await run.artifact('model').json()).toMatchObject({ rest: told.rest })
    expect(() => run.artifact('modle')).toThrow(`Run 'test' has no artifact 'modle': did you mean 'model'?`)
    expect(await run.logs()).toBe('line 1\nline 2\n')
    expect((await run.wait()).uid).toBe(run.uid)
  })

  it('gives a run that failed, and refuses what cannot be run with the sentence of the command', async () => {
    const options = { workingDirectory: temporaryFolder(), watch: false }
    await expect(runLocal({ command: 'a.ts', handler: 'fails' }, options)).resolves.toMatchObject({ name: 'test' })
    await expect(runLocal({ command: 'nowhere.ts', handler: 'refused' }, options)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: 'There is no file nowhere.ts.',
    })
    await expect(runLocal({}, options)).rejects.toThrow('runLocal needs code to run')
  })

  it('starts a run in the background through a file that is gone afterwards, with paths that hold there', async () => {
    const workingDirectory = temporaryFolder()
    const task = newTask({ command: 'a.ts' }).withParameterFile('rows.csv')
    const run = await runLocal(task, { workingDirectory, watch: false, detach: true })
    const told = JSON.parse(readFileSync(join(workingDirectory, 'task.json'), 'utf8')) as { task: object; rest: string[] }
    expect(told.task).toEqual({
      command: join(workingDirectory, 'a.ts'),
      sweep: { parameterFile: join(workingDirectory, 'rows.csv') },
    })
    expect(existsSync(told.rest[1]!)).toBe(false)
    expect(run.artifacts.map(({ key }) => key)).toEqual(['model'])
  })

  it('finds the command: a JSON list, a path, the one on PATH, npx', () => {
    expect(commandWords({ TRAINYARD_CLI: '["node","x.js"]' })).toEqual(['node', 'x.js'])
    expect(commandWords({ TRAINYARD_CLI: '/bin/trainyard' })).toEqual(['/bin/trainyard'])
    expect(commandWords({ PATH: '/nowhere' })).toEqual(['npx', 'trainyard'])
    expect(() => commandWords({ TRAINYARD_CLI: '[1]' })).toThrow('TRAINYARD_CLI must be a JSON list of words')
  })

  it('names functions of the calling file', () => {
    expect(handlerOf({ url: 'file:///home/ada/training.ts' }, 'train')).toEqual({
      command: '/home/ada/training.ts',
      handler: 'train',
    })
  })
})
