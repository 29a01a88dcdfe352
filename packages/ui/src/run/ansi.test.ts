import { expect, it } from 'vitest'
import { parseAnsi } from './ansi.ts'

it('colours and weight become classes, everything else of a terminal is taken out', () => {
  expect(parseAnsi('a\u001B[1;31mred\u001B[0m b\u001B[2K\u001B[92mgreen')).toEqual([
    { text: 'a', classes: '' },
    { text: 'red', classes: 'ansi-bold ansi-red' },
    { text: ' b', classes: '' },
    { text: 'green', classes: 'ansi-green' },
  ])
})

it('of a progress bar the last state is shown', () => {
  expect(parseAnsi('10%\r50%\r100%\r')).toEqual([{ text: '100%', classes: '' }])
})

it('markup stays text', () => {
  expect(parseAnsi('<img src=x onerror=alert(1)>')).toEqual([{ text: '<img src=x onerror=alert(1)>', classes: '' }])
})
