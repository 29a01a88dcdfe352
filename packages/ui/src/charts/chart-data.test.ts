import { describe, expect, it } from 'vitest'
import { alignLines, chartsOf, countedAtMost, type DrawnMetric, type Line, smoothed, subsetDash } from './chart-data.ts'

const line = (values: number[], steps = values.map((_, at) => at)): Line => ({
  id: 'a',
  label: 'a',
  colour: 'red',
  dash: [],
  steps,
  timesMs: steps.map((step) => step * 1000),
  values,
})

const metricOf = (name: string, runCount: number): DrawnMetric => ({ name, runCount })

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
    expect(chartsOf(['val_auc', 'train_auc', 'lr', 'loss/train', 'loss/val'].map((name) => metricOf(name, 1)))).toEqual([
      { name: 'auc', metrics: ['train_auc', 'val_auc'], lineCount: 2 },
      { name: 'lr', metrics: ['lr'], lineCount: 1 },
      { name: 'loss', metrics: ['loss/train', 'loss/val'], lineCount: 2 },
    ])
  })

  it('metrics whose lines would be too many for one chart have a chart each: lines are of the runs that have a metric', () => {
    const metrics = [metricOf('train/loss', 30), metricOf('val/loss', 9), metricOf('lr', 1_000), metricOf('loss', 1)]
    expect(chartsOf(metrics, 40)).toEqual([
      { name: 'loss', metrics: ['loss', 'train/loss', 'val/loss'], lineCount: 40 },
      { name: 'lr', metrics: ['lr'], lineCount: 1_000 },
    ])
    expect(chartsOf(metrics, 39)).toEqual(
      [metrics[0]!, metrics[1]!, metrics[3]!, metrics[2]!].map(({ name, runCount }) => ({
        name,
        metrics: [name],
        lineCount: runCount,
      })),
    )
  })

  it('runs that were not counted may have every metric', () => {
    const metrics = [metricOf('loss', 3)]
    expect(countedAtMost(metrics, 0)).toBe(metrics)
    expect(countedAtMost(metrics, 500)).toEqual([metricOf('loss', 503)])
  })
})

it('the line of training is dashed, one of no subset beside others is dotted, and what counts is solid', () => {
  expect(['train_loss', 'loss', 'val_loss'].map((metric) => subsetDash(metric, true))).toEqual([[6, 4], [2, 3], []])
  expect(subsetDash('loss', false)).toEqual([])
})
