import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAddressSigner } from './signed-address.ts'

describe('signed addresses', () => {
  const signer = createAddressSigner()

  it('are good until their time and no longer', () => {
    const address = signer.sign('/a/b', 1_000)
    expect(signer.isSigned(address, 1_000)).toBe(true)
    expect(signer.isSigned(address, 1_001)).toBe(false)
  })

  it('are good for one path, one time and one server', () => {
    const address = signer.sign('/a/b', 1_000)
    expect(signer.isSigned(address.replace('/a/b', '/a/c'), 0)).toBe(false)
    expect(signer.isSigned(address.replace('until=1000', 'until=9000'), 0)).toBe(false)
    expect(signer.isSigned(address.replace('/a/b', '/a/b/'), 0)).toBe(false)
    expect(createAddressSigner().isSigned(address, 0)).toBe(false)
  })

  it('cannot be guessed, left out or written in another way', () => {
    const forged = ['/a', '/a?', '/a?until=&signature=', '/a?until=9', '/a?until=9e9&signature=x', '/a?signature=%', '', '?']
    for (const url of forged) expect(signer.isSigned(url, 0), url).toBe(false)
    fc.assert(fc.property(fc.string(), fc.string(), (path, query) => !signer.isSigned(`${path}?${query}`, 0)))
  })
})
