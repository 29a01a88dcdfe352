import { describe, expect, it } from 'vitest'
import { recordedCommandLine } from './command-line.ts'

describe('recordedCommandLine', () => {
  it('keeps what was typed', () => {
    expect(recordedCommandLine(['run', 'train.py', '-p', 'lr=0.1', '--', '--seed', '1'])).toEqual([
      'trainyard',
      'run',
      'train.py',
      '-p',
      'lr=0.1',
      '--',
      '--seed',
      '1',
    ])
  })

  it('leaves out secrets in every spelling of the option, and keeps where others come from', () => {
    const words = ['-s', 'TOKEN=hunter2', '--secret=KEY=a=b', '-sPIN=1234', '--secret', 'file=secrets.txt', '-s', 'env=HOME']
    const kept = recordedCommandLine(words)
    expect(kept.slice(1)).toEqual([
      '-s',
      'TOKEN=…',
      '--secret=KEY=…',
      '-sPIN=…',
      '--secret',
      'file=secrets.txt',
      '-s',
      'env=HOME',
    ])
  })

  it('leaves out credentials in addresses', () => {
    expect(recordedCommandLine(['-i', 'data=https://ada:pw@example.org/x.csv'])[2]).toBe('data=https://example.org/x.csv')
  })
})
