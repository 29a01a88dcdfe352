import * as fc from 'fast-check'
import type { JsonObject } from '@trainyard/contract'
import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { bindParameters } from './parameters.ts'

const schema = Type.Object({
  eta: Type.Number({ default: 0.3, minimum: 0 }),
  rounds: Type.Integer({ default: 3 }),
  mode: Type.Optional(Type.Union([Type.Literal('fast'), Type.Literal('exact')])),
  layers: Type.Array(Type.Integer(), { default: [4] }),
  shuffle: Type.Boolean({ default: false }),
  nested: Type.Optional(Type.Object({ depth: Type.Integer(), rate: Type.Number({ default: 0.5 }) })),
  either: Type.Optional(Type.Union([Type.Number(), Type.String()])),
})

describe('parameters of a handler', () => {
  it.each<[JsonObject, string]>([
    [{ eta: 'fast' }, `Parameter 'eta' is "fast"; it should be a number.`],
    [{ eta: -1 }, `Parameter 'eta' is -1; it should be a number; it must be >= 0.`],
    [{ rounds: 2.5 }, `Parameter 'rounds' is 2.5; it should be a whole number.`],
    [{ mode: 'slow' }, `Parameter 'mode' is "slow"; it should be one of "fast", "exact".`],
    [{ shuffle: 'maybe' }, `Parameter 'shuffle' is "maybe"; it should be true or false.`],
    [
      { layers: '1,x' },
      `Parameter 'layers' is [1,"x"]; it should be a list such as [1,2] (each a whole number) (at 1: must be integer).`,
    ],
    [{ nested: '[1]' }, `Parameter 'nested' is "[1]"; it should be a JSON object such as {"a":1}.`],
    [{ etta: 1 }, `The handler has no parameter 'etta': did you mean 'eta'?`],
    [{ unlike: 1 }, `The handler has no parameter 'unlike': it takes eta, rounds, mode, layers, shuffle, nested, either.`],
  ])('%j is refused with a sentence', async (given, sentence) => {
    await expect(bindParameters(schema, given)).rejects.toMatchObject({ type: 'invalid_parameter', message: sentence })
  })

  it('a missing one without default is asked for', async () => {
    await expect(bindParameters(Type.Object({ path: Type.String() }), {})).rejects.toThrow(
      `Parameter 'path' is missing: give it as -p path=<text>.`,
    )
  })

  it('text becomes what the type says, deep inside too; text parameters keep what was typed', async () => {
    const given = { eta: '1e-3', rounds: '7', shuffle: 'no', layers: '[1,2]', nested: '{"depth":"2"}' }
    expect(await bindParameters(schema, given)).toEqual({
      eta: 0.001,
      rounds: 7,
      shuffle: false,
      layers: [1, 2],
      nested: { depth: 2, rate: 0.5 },
    })
    expect(await bindParameters(Type.Object({ version: Type.String() }), { version: 1.1 }, { version: '1.10' })).toEqual({
      version: '1.10',
    })
    expect(await bindParameters(schema, { either: 1 })).toMatchObject({ either: 1 })
  })

  it('open schemas take other names', async () => {
    expect(await bindParameters(Type.Object({}, { additionalProperties: true }), { more: 1 })).toEqual({ more: 1 })
  })

  it('values of the right type pass unchanged, and defaults are not shared between calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
        fc.array(fc.maxSafeInteger()),
        async (eta, layers) => {
          expect(await bindParameters(schema, { eta, layers })).toMatchObject({ eta, layers })
        },
      ),
      { numRuns: 50 },
    )
    const first = await bindParameters(schema, {})
    ;(first['layers'] as number[]).push(9)
    expect((await bindParameters(schema, {}))['layers']).toEqual([4])
  })
})
