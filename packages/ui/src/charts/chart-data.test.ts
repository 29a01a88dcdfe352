import { describe, expect, it } from 'vitest'
import { alignLines, chartsOf, type Line, smoothed, subsetDash } from './chart-data.ts'

const line = (values: number[], steps = values.map((_, at) => at)): Line => ({
  id: 'a',
  label: 'a',
  colour: 'red',
  dash: [],
  steps,
  timesMs: steps.map((step) => step * 1000),
  values,
})

describe('lines of a chart', () => {
  it('NaN is a gap with a mark, infinity a mark at the edge it left, missing is bridged', () => {
    const { data, odd } = alignLines([line([1, Number.NaN, 3]), line([5, Infinity], [0, 2])], {
      x: 'step',
      isLog: false,
      smoothing: 0,
    })
    expect(data[0]).toEqual([0, 1, 2])
    expect(data[1]).toEqual([1, null, 3])
    expect(data[2]).toEqual([5, undefined, null])
    expect(odd).toEqual([
      { line: 0, x: 1, kind: 'nan' },
      { line: 1, x: 2, kind: 'above' },
    ])
  })

  it('a logarithmic axis says how many points it cannot show', () => {
    expect(alignLines([line([0, -1, 10])], { x: 'step', isLog: true, smoothing: 0 }).hiddenCount).toBe(2)
  })

  it('smoothing is centred: a straight line stays where it is', () => {
    const straight = [1, 2, 3, 4, 5, 6, 7]
    expect(smoothed(straight, 5)).toEqual(straight)
  })

  it('train and val of one metric share a chart', () => {
    expect(chartsOf(['val_auc', 'train_auc', 'lr', 'loss/train', 'loss/val'])).toEqual([
      { name: 'auc', metrics: ['train_auc', 'val_auc'] },
      { name: 'lr', metrics: ['lr'] },
      { name: 'loss', metrics: ['loss/train', 'loss/val'] },
    ])
  })

  it('metrics whose lines would be too many for one chart have a chart each, and none is merged with another', () => {
    const metrics = ['train/loss', 'val/loss', 'lr', 'loss']
    expect(chartsOf(metrics, 3).map(({ name }) => name)).toEqual(['loss', 'lr'])
    expect(chartsOf(metrics, 2)).toEqual(['train/loss', 'val/loss', 'loss', 'lr'].map((name) => ({ name, metrics: [name] })))
  })
})

it('the line of training is dashed, one of no subset beside others is dotted, and what counts is solid', () => {
  expect(['train_loss', 'loss', 'val_loss'].map((metric) => subsetDash(metric, true))).toEqual([[6, 4], [2, 3], []])
  expect(subsetDash('loss', false)).toEqual([])
})
