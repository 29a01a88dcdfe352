import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCli, ReaderGone } from './cli.ts'
import { commandTable } from './command-table.ts'
import { main } from './main.ts'
import { namedCommands } from './program.ts'
import { reportError } from './report-error.ts'
import { memoryStream, runMain } from './testing/memory-terminal.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'trainyard-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('help', () => {
  test('without arguments and with --help the program lists its commands and ends well', async () => {
    const bare = await runMain([])
    const asked = await runMain(['--help'])
    expect(bare).toEqual(asked)
    expect(bare.code).toBe(0)
    for (const entry of commandTable.filter(({ hidden }) => hidden !== true))
      expect(bare.stdout).toMatch(new RegExp(`^  ${entry.name} .*${entry.summary}`, 'm'))
    expect(bare.stdout).not.toContain('__complete')
  })

  test('every command explains itself with examples, whichever way it is asked', async () => {
    for (const { name, hidden } of commandTable) {
      if (hidden === true) continue
      const help = await runMain([name, '--help'])
      expect(help.code, name).toBe(0)
      expect(help.stdout, name).toMatch(new RegExp(`^Usage: trainyard ${name}`))
      expect(await runMain(['help', name])).toEqual(help)
      const subcommands = [...help.stdout.matchAll(/^ {2}([a-z]+) .*\S$/gm)].map((match) => match[1]!)
      if (/^Commands:/m.test(help.stdout)) {
        for (const child of subcommands) {
          const childHelp = await runMain([name, child, '--help'])
          expect(childHelp.stdout, `${name} ${child}`).toContain('Examples:')
        }
      } else expect(help.stdout, name).toContain('Examples:')
    }
  })

  test('the version is that of the package', async () => {
    expect((await runMain(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('mistakes', () => {
  test.each([
    [['sl'], "error: There is no command 'sl'.\nhint: did you mean ls?\n"],
    [['compair', 'a', 'b'], "error: There is no command 'compair'.\nhint: did you mean compare?\n"],
    [['ls', '--lmit', '3'], "error: There is no option '--lmit'.\nhint: did you mean --limit?\n"],
    [['ls', '--limit', 'many'], "error: --limit takes a whole number of at least 1, not 'many'.\n"],
    [
      ['ls', '--state', 'done'],
      "error: --state takes created, pending, running, aborting, completed, failed, aborted, skipped or ended, not 'done'.\n",
    ],
    [
      ['ls', '--since', 'yesterdayish'],
      "error: --since takes an age such as 30m, 12h or 7d, or a time such as 2026-03-01, not 'yesterdayish'.\n",
    ],
    [['ls', 'extra'], 'error: Too many arguments: expected 0, got 1.\nhint: see: trainyard ls --help\n'],
    [['label', 'latest'], 'error: Give at least one label as key=value, or key- to remove it.\n'],
    [['label', 'a=b'], 'error: Name at least one run before the labels, for example: trainyard label latest team=vision\n'],
    [['compare', 'latest'], 'error: compare needs at least two runs.\n'],
    [['completion', 'basch'], "error: There is no completion for 'basch' (did you mean bash?); there is bash, zsh and fish.\n"],
    [['artifacts', 'get'], "error: The argument 'artifact' is missing.\nhint: see: trainyard artifacts --help\n"],
  ])('%j is answered in one sentence with exit code 2', async (argv, stderr) => {
    expect(await runMain(argv, { workingDirectory: folder })).toEqual({ code: 2, stdout: '', stderr })
  })

  test('a filter tells where it is wrong', async () => {
    const outcome = await runMain(['ls', '--filter', 'metrics.accuracy >> 1'], { workingDirectory: folder })
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toMatch(/^error: .*column \d+.*\n$/)
  })

  test('a group without its subcommand shows its help on stderr', async () => {
    const outcome = await runMain(['trash'])
    expect(outcome.code).toBe(2)
    expect(outcome.stdout).toBe('')
    expect(outcome.stderr).toContain('Usage: trainyard trash')
  })

  test.each(['ls', 'show', 'logs', 'plot', 'doctor'])('%s in an empty folder makes no data directory', async (name) => {
    const outcome = await runMain([name], { workingDirectory: folder })
    expect(existsSync(join(folder, '.trainyard'))).toBe(false)
    if (name === 'doctor') return
    expect(outcome).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'error: There is no .trainyard folder here or in any folder above, so there are no runs yet.\nhint: start with: trainyard run training.py\n',
    })
  })

  test('a data directory that was named and is missing is named in the error', async () => {
    const outcome = await runMain(['--data', 'nowhere', 'ls'], { workingDirectory: folder })
    expect(outcome).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`There is no data directory ${join(folder, 'nowhere')} (from --data).`),
    })
  })
})

describe('defects', () => {
  test('leave a report and exit with 70; the stack is shown with TRAINYARD_DEBUG only', () => {
    const [quiet, loud] = [memoryStream(), memoryStream()]
    const code = reportError(
      new TypeError('x is not a function'),
      ['run', '-s', 'inline={"token":"hidden"}', '--json=1'],
      createCli([], { stdout: memoryStream().stream, stderr: quiet.stream, environment: {} }),
    )
    expect(code).toBe(70)
    const [first, second] = quiet.text().split('\n')
    expect(first).toBe('internal error: x is not a function')
    const path = /^A report is in (\S+report\.txt);/.exec(second!)![1]!
    const report = readFileSync(path, 'utf8')
    expect(report).toContain('command: run -s … --json\n')
    expect(report).toContain('TypeError: x is not a function\n')
    expect(report).not.toContain('hidden')
    rmSync(join(path, '..'), { recursive: true })

    reportError(
      new TypeError('again'),
      [],
      createCli([], { stdout: memoryStream().stream, stderr: loud.stream, environment: { TRAINYARD_DEBUG: '1' } }),
    )
    expect(loud.text()).toContain('main.test.ts')
    rmSync(join(/(\S+)report\.txt/.exec(loud.text())![1]!), { recursive: true })
  })

  test('text of others in an error cannot move the cursor or add lines', () => {
    const stderr = memoryStream()
    const error = Object.assign(new Error('No run\n\u001b[2Jerror: fake'), { name: 'AppError', code: 'not_found', details: {} })
    expect(reportError(error, [], createCli([], { stdout: memoryStream().stream, stderr: stderr.stream, environment: {} }))).toBe(
      3,
    )
    expect(stderr.text()).toBe('error: No run ?[2Jerror: fake\n')
  })
})

describe('a reader that goes away', () => {
  test('ends the program quietly', async () => {
    const stderr = memoryStream()
    const stdout = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    const cli = createCli([], { stdout, stderr: stderr.stream, environment: {} })
    const written = cli.write('x'.repeat(100))
    await expect(written.then(() => cli.write('more'))).rejects.toThrow(ReaderGone)
    expect(cli.signal.aborted).toBe(true)
    expect(reportError(new ReaderGone(), [], cli)).toBe(0)
    expect(stderr.text()).toBe('')
  })
})

test('an output that has no room is told in one sentence, and the command fails', async () => {
  const stdout = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
    },
  })
  const stderr = memoryStream()
  expect(await main(['--version'], { environment: {}, stdout, stderr: stderr.stream })).toBe(5)
  expect(stderr.text()).toBe('error: Cannot write to standard output: the disk is full.\n')
})

describe('surroundings', () => {
  test('colours follow the flag, then FORCE_COLOR and NO_COLOR, then the terminal', () => {
    const colored = (environment: Record<string, string>, columns?: number) =>
      createCli([], { environment, stdout: memoryStream(columns).stream, stderr: memoryStream().stream }).style.enabled
    expect([
      colored({}),
      colored({}, 80),
      colored({ NO_COLOR: '1' }, 80),
      colored({ FORCE_COLOR: '1' }),
      colored({ FORCE_COLOR: '0' }, 80),
    ]).toEqual([false, true, false, true, false])
  })

  test('a pipe has no width, a terminal its own, one of size 0 counts as 80 columns', () => {
    const widths = [undefined, 120, 0].map(
      (columns) => createCli([], { environment: {}, stdout: memoryStream(columns).stream, stderr: memoryStream().stream }).width,
    )
    expect(widths).toEqual([undefined, 120, 80])
  })

  test('--no-color is taken before and after the command', async () => {
    for (const argv of [
      ['--no-color', 'sl'],
      ['sl', '--no-color'],
    ]) {
      expect((await runMain(argv, { environment: {} })).stderr).not.toContain('\u001b')
    }
  })

  test('the command is found behind global options', () => {
    expect(namedCommands(['--data', 'ls', '--json', 'show', 'x'])).toEqual(['show'])
    expect(namedCommands(['help', 'ls'])).toEqual(['help', 'ls'])
    expect(namedCommands(['__complete', '--', 'ls', '--f'])).toEqual(['__complete', 'ls'])
    expect(namedCommands([])).toEqual([])
  })

  test('main leaves no listener on the streams it was given', async () => {
    const stdout = memoryStream()
    await main(['--version'], { stdout: stdout.stream, environment: {} })
    expect(stdout.stream.listenerCount('error')).toBe(0)
  })
})
