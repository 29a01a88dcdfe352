import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boolean, choice, double, fromWireDouble, integer, list, message, parseBody, text, toWireDouble } from './wire.ts'
import { fromParamText, toParamText } from '@trainyard/contract'

const point = message({ run_id: text, value: double, step: integer, on: boolean, kind: choice({ A: 1, B: 2 }), keys: list(text) })

describe('messages', () => {
  test('take what proto3 JSON takes', () => {
    expect(point({ runId: 'r', value: 'NaN', step: '12', on: 'TRUE', kind: 2, keys: 'one', unknown: {} }, '')).toEqual({
      run_id: 'r',
      value: Number.NaN,
      step: 12,
      on: true,
      kind: 'B',
      keys: ['one'],
    })
    expect(point({ run_id: null, value: '-Infinity', step: 3.0, kind: 'C' }, '')).toEqual({
      value: Number.NEGATIVE_INFINITY,
      step: 3,
      kind: undefined,
    })
  })

  test('a wrong type names the field, the value and what it was', () => {
    expect(() => point({ run_id: { b: 1, a: [true] } }, '')).toThrow(
      `Invalid value {"a": [true], "b": 1} for parameter 'run_id' supplied:  Hint: Value was of type 'dict'.`,
    )
    expect(() => point({ step: 1.5 }, '')).toThrow("Invalid value 1.5 for parameter 'step' supplied")
    expect(() => point({ value: 'x' }, '')).toThrow(`Invalid value "x" for parameter 'value' supplied`)
    expect(() => list(point)([{}, { step: [] }], 'metrics')).toThrow("for parameter 'metrics[1].step' supplied")
    expect(() => point({ on: 'maybe' }, '')).toThrow('Invalid boolean value')
  })

  test('a body that is no JSON is an empty message, a JSON text with JSON inside is read twice, a bare NaN is refused', () => {
    expect(parseBody('{')).toEqual({})
    expect(parseBody('[1]')).toEqual({})
    expect(parseBody('"{\\"a\\": 1}"')).toEqual({ a: 1 })
    expect(() => parseBody('{"value": NaN}')).toThrow('NaN')
  })

  test('doubles come back as they went, infinities as the largest double', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const wire = toWireDouble(value)
        expect(fromWireDouble(double(wire, ''))).toBe(Math.abs(value) === Number.MAX_VALUE ? value * 2 : value)
      }),
    )
  })

  test('a parameter reads back letter by letter, whatever it spells', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.double().map(String), fc.constantFrom('0.10', '1e5', '-0', '1.0', '٣', 'NaN', '007')),
        (written) => {
          expect(toParamText(fromParamText(written))).toBe(written)
        },
      ),
    )
    expect(fromParamText('0.1')).toBe(0.1)
  })
})
