import { parseRunFilter, printRunFilter } from '@trainyard/contract'
import { describe, expect, it } from 'vitest'
import { expandShortForm, placeAt, problemOf } from './filter-text.ts'

const keys = { metrics: ['val_auc', 'val/loss'], params: ['eta', 'odd name'], labels: ['team'] }

describe('the short form', () => {
  it.each([
    ['val_auc > 0.93 eta < 0.1', 'metrics.val_auc > 0.93 and params.eta < 0.1'],
    ['state:failed by:maria', "state = 'failed' and owner = 'maria'"],
    ['resnet', "name contains 'resnet'"],
    ["o'neill", String.raw`name contains 'o' and name contains 'neill'`],
    ['labels.stage:candidate team = red', "labels.stage = 'candidate' and labels.team = red"],
    ['val_auc > 0.9 or (eta < 1 resnet)', "metrics.val_auc > 0.9 or ( params.eta < 1 and name contains 'resnet' )"],
    ['state in (failed, running) resnet', "state in ( failed , running ) and name contains 'resnet'"],
    ['val/loss is not null resnet', "metrics.val/loss is not null and name contains 'resnet'"],
  ])('%s means %s', (short, whole) => {
    const expanded = expandShortForm(short, keys)
    if (!short.includes("'")) expect(expanded).toBe(whole)
    expect(printRunFilter(parseRunFilter(expanded, { nowMs: 0 }))).toBeTruthy()
  })

  it('leaves the whole language as it is', () => {
    const text = "metrics.a > 1 and not (params.b = 'x')"
    expect(expandShortForm(text, keys)).toBe(text)
  })
})

describe('while somebody types', () => {
  it.each([
    ['', 'field', ''],
    ['metr', 'field', ''],
    ['metrics.a ', 'operator', 'metrics.a'],
    ['metrics.a > ', 'value', 'metrics.a'],
    ["params.kind = 'g", 'value', 'params.kind'],
    ['params.kind in (', 'value', 'params.kind'],
    ['params.kind in (a, ', 'value', 'params.kind'],
    ['metrics.a > 1 ', 'join', 'metrics.a'],
    ['metrics.a > 1 and ', 'field', ''],
  ])('after "%s" comes a %s', (text, kind, field) => {
    expect(placeAt(text, text.length)).toMatchObject({ kind, field })
  })

  it('says where it is wrong', () => {
    expect(problemOf('metrics.a > ')).toMatchObject({ position: 12 })
    expect(problemOf('metrics.a > 1')).toBeUndefined()
  })
})
