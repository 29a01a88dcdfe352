import { describe, expect, it } from 'vitest'
import { checkArguments, fillArguments } from './prepared-run.ts'

describe('fillArguments', () => {
  it('puts parameters into {name}, lists and numbers as JSON, texts as they are', () => {
    const parameters = { lr: 0.1, name: 'a b', depths: [1, 2] }
    expect(fillArguments(['--lr={lr}', '{name}', '{depths}'], parameters)).toEqual(['--lr=0.1', 'a b', '[1,2]'])
  })

  it('leaves unknown names and doubled braces alone', () => {
    expect(fillArguments(['{other}', '{{lr}}', '{"json": 1}'], { lr: 1 })).toEqual(['{other}', '{lr}', '{"json": 1}'])
  })
})

describe('checkArguments', () => {
  it('refuses a place for a parameter that is not given; doubled braces and other braces stay', () => {
    expect(() => checkArguments(['--lr={rate}'], ['rates'])).toThrow(/--lr=\{rate\}.*did you mean rates.*\{\{rate\}\}/)
    expect(() => checkArguments(['{rate}', '{{rat}}', '{"json": 1}', '{}', '{0}'], ['rate'])).not.toThrow()
  })
})
