import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { defaultRunName, locateUserFile } from './user-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'user-file-'))
writeFileSync(join(folder, 'training.py'), '')
writeFileSync(join(folder, 'odd:name.py'), '')
afterAll(() => rmSync(folder, { recursive: true }))

describe('locateUserFile', () => {
  it('takes a handler behind a colon, or given apart', () => {
    expect(locateUserFile('training.py:my_job', undefined, folder)).toEqual({
      script: join(folder, 'training.py'),
      handler: 'my_job',
    })
    expect(locateUserFile('training.py', 'my_job', folder).handler).toBe('my_job')
  })

  it('lets a file whose own name has a colon win', () => {
    expect(locateUserFile('odd:name.py', undefined, folder)).toEqual({ script: join(folder, 'odd:name.py'), handler: undefined })
  })

  it('suggests the nearest file for one that is missing', () => {
    expect(() => locateUserFile('trainng.py', undefined, folder)).toThrow(
      /There is no file trainng\.py .* Did you mean training\.py\?/,
    )
    expect(() => locateUserFile(folder, undefined, folder)).toThrow('is not a file')
  })

  it('names a run after its file and handler', () => {
    expect(defaultRunName({ script: '/x/training.py', handler: 'Model::fit' })).toBe('training-Model-fit')
  })
})
