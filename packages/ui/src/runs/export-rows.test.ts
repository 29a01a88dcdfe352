import { expect, test } from 'vitest'
import { csvCell, csvHead, csvRow } from './export-rows.ts'

test('values are what a spreadsheet reads back, and none of them is a formula', () => {
  expect(['a,b', 'say "so"', 'two\nlines', null, 0.1, true, ['x']].map(csvCell)).toEqual([
    '"a,b"',
    '"say ""so"""',
    '"two\nlines"',
    '',
    '0.1',
    'true',
    '"[""x""]"',
  ])
  expect(['=1+1', '@cmd', '-2', '+3', '-Infinity', '-rf'].map(csvCell)).toEqual([
    "'=1+1",
    "'@cmd",
    '-2',
    '+3',
    '-Infinity',
    "'-rf",
  ])
})

test('a row has the fixed columns, then those of the table', () => {
  const columns = [{ scope: 'metrics', name: 'auc' } as const, { scope: 'attribute', name: 'host' } as const]
  const row = {
    id: 'a1',
    name: 'first',
    project: 'default',
    experiment: 'e',
    state: 'completed',
    owner: 'ada',
    host: 'here',
    startedAtMs: 0,
    endedAtMs: 1_500,
    values: ['NaN', null] as (string | null)[],
    kind: 'run',
    iteration: 0,
  } as const
  expect(csvHead(columns)).toBe('id,name,project,experiment,state,owner,started,duration_seconds,metrics.auc,host\r\n')
  expect(csvRow(row, columns)).toBe('a1,first,default,e,completed,ada,1970-01-01T00:00:00.000Z,1.5,NaN,here\r\n')
})
