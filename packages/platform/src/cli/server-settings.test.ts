import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runMain } from './testing/memory-terminal.ts'

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'trainyard-settings-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const up = (argv: string[], environment: Record<string, string> = {}) =>
  runMain(['up', '--print-config', '--data', folder, ...argv], { environment, workingDirectory: folder })

test('flags come before the environment, the environment before the file, and each value says where it is from', async () => {
  const file = join(folder, 'trainyard.yaml')
  writeFileSync(file, 'server:\n  host: 0.0.0.0\n  port: 6000\n  token: hush\n  allowHost: [ml.example.org]\n')
  const { stdout: out } = await up(['--json', '--port', '7000'], { TRAINYARD_PORT: '6500', TRAINYARD_LOG: 'info' })
  expect(JSON.parse(out)).toMatchObject({
    host: { value: '0.0.0.0', from: `${file}: host` },
    port: { value: 7000, from: '--port' },
    log: { value: 'info', from: 'TRAINYARD_LOG' },
    token: { value: '(set)' },
    allowHost: { value: ['ml.example.org'] },
    allowRemote: { value: false, from: 'usual' },
  })
  expect(out).not.toContain('hush')
  expect((await up([])).stdout).toMatch(/^port\s+6000/m)
})

test('a wrong value is told with the place it stands in', async () => {
  const cases = [
    ['server:\n  prot: 1\n', "there is no setting 'prot' (did you mean port?)"],
    ['server:\n  port: many\n', 'port is a whole number'],
    ['server: [1]\n', 'server holds settings'],
    ['server: {\n', 'is not valid YAML'],
  ] as const
  for (const [content, sentence] of cases) {
    writeFileSync(join(folder, 'other.yaml'), content)
    const { code, stderr: err } = await up(['--config', 'other.yaml'])
    expect([code, err], content).toEqual([2, expect.stringContaining(sentence)])
  }
  expect((await up(['--config', 'none.yaml'])).stderr).toContain('Cannot read the settings')
  expect((await up(['--port', '65536'])).stderr).toContain('--port is a whole number')
  expect((await up([], { TRAINYARD_TOKEN: 'x', TRAINYARD_ALLOW_REMOTE: 'perhaps' })).stderr).toContain(
    'TRAINYARD_ALLOW_REMOTE is true or false',
  )
})
