import { expect, it } from 'vitest'
import { readFigure } from './figure.ts'

const figure = (...data: object[]) => JSON.stringify({ data, layout: { title: { text: 'Gain' }, xaxis: { title: 'feature' } } })

it('lines, dots and bars are read with their names and the titles around them', () => {
  expect(
    readFigure(figure({ type: 'bar', x: ['age', 'plan'], y: [3, 5], name: 'gain' }, { mode: 'markers', y: [1, null, 2] })),
  ).toEqual({
    title: 'Gain',
    xTitle: 'feature',
    yTitle: '',
    traces: [
      { name: 'gain', kind: 'bar', x: ['age', 'plan'], y: [3, 5], z: [] },
      { name: 'trace 2', kind: 'dots', x: [0, 1, 2], y: [1, Number.NaN, 2], z: [] },
    ],
  })
})

it('arrays come as bytes from newer versions', () => {
  const bdata = Buffer.from(new Float64Array([0.5, 1.5]).buffer).toString('base64')
  expect(readFigure(figure({ type: 'scatter', y: { dtype: 'f8', bdata } }))?.traces[0]?.y).toEqual([0.5, 1.5])
})

it('a field of numbers keeps its rows', () => {
  expect(readFigure(figure({ type: 'heatmap', x: ['a', 'b'], y: ['c'], z: [[1, 2]] }))?.traces[0]).toMatchObject({
    kind: 'field',
    z: [[1, 2]],
  })
})

it.each([
  ['other JSON', '{"eta": 1}'],
  ['no JSON', '{"data": [{'],
  ['a kind that is not drawn', figure({ type: 'sunburst', labels: ['a'] })],
  ['lists of unequal length', figure({ x: [1], y: [1, 2] })],
  ['rows of unequal length', figure({ type: 'heatmap', z: [[1], [1, 2]] })],
  ['a field with more names than rows', figure({ type: 'heatmap', z: [[1, 2, 3]], y: ['a', 'b', 'c'] })],
  ['a field with fewer names than columns', figure({ type: 'heatmap', z: [[1, 2, 3]], x: ['a'] })],
  ['an array that is no Base64', figure({ y: { dtype: 'f8', bdata: '!!!' } })],
  ['an array that ends within a number', figure({ y: { dtype: 'f8', bdata: 'AAAA' } })],
  ['an array of a type that NumPy does not have', figure({ y: { dtype: 'toString', bdata: 'AAAA' } })],
])('%s is no figure', (_what, text) => {
  expect(readFigure(text)).toBeUndefined()
})
