import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withMemory, withoutGiven } from './given-variables.ts'

const variables = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/), fc.string())

test('what a run was given is gone inside it, and nothing else is', () => {
  fc.assert(
    fc.property(variables, variables, (own, given) => {
      const rest = Object.fromEntries(Object.entries(own).filter(([name]) => !Object.hasOwn(given, name)))
      expect(withoutGiven({ ...own, ...withMemory(given) })).toEqual(Object.keys(given).length === 0 ? own : rest)
    }),
  )
})

test('what was set anew inside the run stays', () => {
  const given = withMemory({ MLFLOW_TRACKING_URI: 'http://127.0.0.1:1', MLFLOW_RUN_ID: 'a' })
  expect(withoutGiven({ ...given, MLFLOW_TRACKING_URI: 'http://mine' })).toEqual({ MLFLOW_TRACKING_URI: 'http://mine' })
})

test('tokens are not kept a second time', () => {
  expect(withMemory({ MLFLOW_TRACKING_TOKEN: 'secret' })['TRAINYARD_GIVEN']).not.toContain('secret')
})
