import { parseRunFilter, printRunFilter } from '@trainyard/contract'
import { describe, expect, it } from 'vitest'
import { endsInWord, expandShortForm, isUnfinished, meantField, placeAt, problemOf, unknownField } from './filter-text.ts'

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

describe('the table waits', () => {
  it.each([
    'm',
    'metr',
    'metrics',
    'metrics.',
    'metrics.val_auc',
    'metrics.val_auc >',
    'val_a',
    'val_auc ',
    'stat',
    'state:',
    'state:fai',
    'by:',
    'metrics.val_auc > 0.9 an',
    'val_auc > 1 par',
  ])('while "%s" is typed', (text) => expect(isUnfinished(text, keys)).toBe(true))
  it.each(['', 'resnet', 'metrics.val_auc > 0.9', 'val_auc > 0.9', 'state:failed', 'labels.team:red', 'val_auc > 0.9 resnet'])(
    'no longer once "%s" is typed',
    (text) => expect(isUnfinished(text, keys)).toBe(false),
  )
})

it('a word at the end may yet become a condition', () => {
  for (const text of ['acuracy', 'acuracy ', 'val_auc > 0.9 acuracy', 'not acuracy']) expect(endsInWord(text)).toBe(true)
  for (const text of ['', 'eta > 0.9', 'state:failed', 'resnet eta is null', 'eta in (1, 2)', "name contains 'resnet'"])
    expect(endsInWord(text)).toBe(false)
})

describe('a name that no run has', () => {
  it('is said without a scope too, unless an attribute is nearer', () => {
    const mended = 'state = failed and metrics.val_auc > 0.5'
    expect(meantField('state = failed and val_acu > 0.5', keys)).toEqual({ near: 'val_auc', mended })
    for (const text of ['stat = failed', 'nothing_like_it = 1', 'metrcs.val_auc = 1', 'attributes.val_acu = 1'])
      expect(meantField(text, keys)).toBeUndefined()
  })

  it('is said with the one that was meant, and the filter with that', () => {
    expect(unknownField('state = failed and metrics.val_acu > 0.5', keys)).toEqual({
      what: 'metric',
      name: 'val_acu',
      near: 'val_auc',
      mended: 'state = failed and metrics.val_auc > 0.5',
    })
    expect(unknownField('params.nothing_like_it = 1', keys)).toEqual({ what: 'parameter', name: 'nothing_like_it' })
    expect(unknownField('metrics.val_auc > 0.5', keys)).toBeUndefined()
  })
})
