import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createProgress } from './progress.ts'
import { createStyle } from './style.ts'

const style = createStyle(false)

function memoryStream(isTTY: boolean, columns = 120) {
  const written: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  return { stream: Object.assign(stream, { isTTY, columns }), text: () => written.join(''), written }
}

describe('progress without a terminal', () => {
  test('prints a plain line when the interval has passed, and the last state at the end', () => {
    let now = 0
    const { stream, text } = memoryStream(false)
    const progress = createProgress({ stream, total: 96, label: 'sweep', style, nowMs: () => now, intervalMs: 5000 })
    now = 1000
    progress.update(3)
    now = 6000
    progress.update(24, { running: 2, failed: 1, best: 'accuracy 0.97 (#12)' })
    progress.note('line of a script')
    now = 24_000
    progress.update(96, { running: 0 })
    progress.stop()
    progress.stop()
    expect(text()).toBe(
      [
        'sweep: 24/96 (25%), 2 running, 1 failed, best accuracy 0.97 (#12), 6.0 s, about 18.0 s left',
        'line of a script',
        'sweep: 96/96 (100%), 1 failed, best accuracy 0.97 (#12), 24.0 s',
        '',
      ].join('\n'),
    )
  })

  test('without a total only the count is told', () => {
    const { stream, text } = memoryStream(false)
    const progress = createProgress({ stream, total: undefined, label: 'children', style, nowMs: () => 0 })
    progress.update(7)
    progress.stop()
    expect(text()).toBe('children: 7 done, 0 ms\n')
  })
})

describe('progress on a terminal', () => {
  test('the bar is wiped before each line of output and drawn again below it; what is stopped waits for nothing', () => {
    const { stream, written } = memoryStream(true)
    const progress = createProgress({ stream, total: 4, label: 'sweep', style, nowMs: () => 0 })
    progress.update(1, { running: 2 })
    progress.note('hello')
    progress.stop()
    const bar = 'sweep ██████░░░░░░░░░░░░░░░░░░ 1/4 (25%)'
    expect(written).toEqual([
      '\r\u001b[2Ksweep ░░░░░░░░░░░░░░░░░░░░░░░░ 0/4 (0%) · 0 ms',
      `\r\u001b[2Khello\n${bar} · 2 running · 0 ms · about 0 ms left`,
      `\r\u001b[2K${bar} · 0 ms\n`,
    ])
  })

  test('the bar never takes more columns than the terminal has', () => {
    const { stream, written } = memoryStream(true, 20)
    const progress = createProgress({ stream, total: 4, label: '日本語の名前', style, nowMs: () => 0 })
    progress.stop({ clear: true })
    expect(written[0]).toBe('\r\u001b[2K日本語の名前 ░░░░░…')
    expect(written.at(-1)).toBe('\r\u001b[2K')
  })
})
