import { describe, expect, it } from 'vitest'
import { resolveOutPath } from './out-path.ts'

const values = { uid: 'a'.repeat(32), name: 'train/iris', project: 'p', iteration: 0 }
const places = { artifacts: '/data/artifacts', workingDirectory: '/home/ada' }
const out = (template: string | undefined): string => resolveOutPath(template, values, places)

describe('resolveOutPath', () => {
  it('gives every run a folder of its own by default', () => {
    expect(out(undefined)).toBe(`/data/artifacts/p/${values.uid}`)
  })

  it('adds the run id to a path that does not have it, so that runs never overwrite each other', () => {
    expect(out('/srv/models/')).toBe(`/srv/models/${values.uid}`)
    expect(out('out')).toBe(`/home/ada/out/${values.uid}`)
    expect(out('s3://bucket/models')).toBe(`s3://bucket/models/${values.uid}`)
  })

  it('fills templates, names made safe for folders', () => {
    expect(out('s3://bucket/{{project}}/{{run.name}}/{{ run.uid }}/')).toBe(`s3://bucket/p/train_iris/${values.uid}`)
  })

  it('refuses an unknown template and lists the known ones', () => {
    expect(() => out('/x/{{run.nmae}}')).toThrow(/Unknown template \{\{run\.nmae\}\}.*\{\{run\.uid\}\}/)
  })

  it('keeps a project name from leaving its folder', () => {
    expect(resolveOutPath(undefined, { ...values, project: '../..' }, places)).toBe(`/data/artifacts/__../${values.uid}`)
  })
})
