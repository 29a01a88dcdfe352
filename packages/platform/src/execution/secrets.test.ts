import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseSecretsFile, resolveSecrets, withoutSecretValues } from './secrets.ts'

describe('secrets', () => {
  it('reads KEY=value lines with comments, quotes, export and equals signs in values', () => {
    const text = '# keys\n\nACCESS_KEY=abc=1\nexport TOKEN="with spaces"\r\nEMPTY=\n'
    expect(parseSecretsFile(text, 'secrets.txt')).toEqual({ ACCESS_KEY: 'abc=1', TOKEN: 'with spaces', EMPTY: '' })
  })

  it('names the line of a mistake without repeating what may be a secret', () => {
    expect(() => parseSecretsFile('A=1\nhunter2\n', 'secrets.txt')).toThrow('secrets.txt:2 is not a secret: write KEY=value.')
  })

  it('refuses a file whose bytes are no text, without showing them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 's.txt'), Buffer.from([0x41, 0x3d, 0xff, 0xfe]))
    const resolving = (): unknown =>
      resolveSecrets([{ kind: 'file', source: 's.txt' }], { environment: {}, workingDirectory: folder })
    expect(resolving).toThrow('The secrets file s.txt is no UTF-8 text; encode it, for example with base64.')
  })

  it('takes later sources over earlier ones', () => {
    const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 's.txt'), 'A=file\nB=file\n')
    const sources = [
      { kind: 'file' as const, source: 's.txt' },
      { kind: 'env' as const, source: 'B, C' },
      { kind: 'inline' as const, source: { D: 'inline' } },
    ]
    const secrets = resolveSecrets(sources, { environment: { B: 'env', C: 'env' }, workingDirectory: folder })
    expect(secrets).toEqual({ A: 'file', B: 'env', C: 'env', D: 'inline' })
  })

  it('says which variable or file is missing', () => {
    const context = { environment: {}, workingDirectory: '/nowhere' }
    expect(() => resolveSecrets([{ kind: 'env', source: 'TOKEN' }], context)).toThrow('TOKEN')
    expect(() => resolveSecrets([{ kind: 'file', source: 'gone.txt' }], context)).toThrow(
      'Cannot read the secrets file gone.txt: no such file',
    )
  })

  it('keeps names and never values for the record', () => {
    expect(withoutSecretValues([{ kind: 'inline', source: { TOKEN: 'hunter2' } }])).toEqual([
      { kind: 'inline', source: { TOKEN: '' } },
    ])
  })
})
