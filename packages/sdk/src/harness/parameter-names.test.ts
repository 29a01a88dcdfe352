import { expect, it } from 'vitest'
import { parameterNamesOf } from './parameter-names.ts'

/** As Node.js strips types from it: the source of these functions is what the harness sees. */
const handlers: [what: string, handler: (...given: never[]) => unknown, names: string[] | undefined][] = [
  [
    'an arrow function',
    (_context: unknown, { eta = 0.3, rounds }: { eta?: number; rounds: number }) => [eta, rounds],
    ['eta', 'rounds'],
  ],
  [
    'defaults with brackets, commas and quotes',
    (_context: unknown, { a = [1, { b: 2 }], 'c-d': c = "x,'y" }: { a?: unknown; 'c-d'?: string }) => [a, c],
    ['a', 'c-d'],
  ],
  // oxlint-disable-next-line eslint/no-empty-pattern -- It is what the case is about.
  ['none', (_context: unknown, {}: object) => 1, []],
  ['a rest', (_context: unknown, { a, ...rest }: Record<string, unknown>) => [a, rest], undefined],
  ['a name for all', (_context: unknown, parameters: object) => parameters, undefined],
  ['the context alone', (context: { parameters: object }) => context.parameters, undefined],
  ['both ways', (context: { parameters: object }, { a }: { a: number }) => [context.parameters, a], undefined],
]

it.each(handlers)('names of parameters are read from the source: %s', (_what, handler, names) => {
  expect(parameterNamesOf(handler)).toEqual(names)
})
