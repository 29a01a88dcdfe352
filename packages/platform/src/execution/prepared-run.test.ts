import { describe, expect, it } from 'vitest'
import { fillArguments } from './prepared-run.ts'

describe('fillArguments', () => {
  it('puts parameters into {name}, lists and numbers as JSON, texts as they are', () => {
    const parameters = { lr: 0.1, name: 'a b', depths: [1, 2] }
    expect(fillArguments(['--lr={lr}', '{name}', '{depths}'], parameters)).toEqual(['--lr=0.1', 'a b', '[1,2]'])
  })

  it('leaves unknown names and doubled braces alone', () => {
    expect(fillArguments(['{other}', '{{lr}}', '{"json": 1}'], { lr: 1 })).toEqual(['{other}', '{lr}', '{"json": 1}'])
  })
})
