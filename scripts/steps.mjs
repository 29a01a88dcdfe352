// Running programs and telling about it, for the scripts beside this file. Works on Node.js 18 with no package installed.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export const say = (line) => console.log(line)

export const seconds = (sinceMs) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`

/**
 * Runs a program to its end. With `show` its output goes straight to the terminal, else it is collected.
 * @returns {Promise<{ code: number, output: string }>} 127 when the program cannot be started.
 */
export function run(command, arguments_, { show = false, cwd = root, env = process.env } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, arguments_, { cwd, env, stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    }
    child.once('error', (error) => resolve({ code: 127, output: `${command}: ${error.message}` }))
    child.once('close', (code, signal) =>
      resolve({ code: code ?? 1, output: signal ? `${output}\n${command} was ended by ${signal}` : output }),
    )
  })
}

const shownLines = 40

/** The end of what a failed check printed, where its reason stands; the whole of it in a file when that is longer. */
function endOf(name, details) {
  const lines = details.trim().split('\n')
  if (lines.length <= shownLines) return lines
  const path = join(tmpdir(), `trainyard-${name.replaceAll(/\W+/g, '-')}-${process.pid}.log`)
  writeFileSync(path, details)
  return [`… the last ${shownLines} of ${lines.length} lines; all of them: ${path}`, ...lines.slice(-shownLines)]
}

/**
 * Runs named checks, `width` at a time, prints a line for each and the details of those that fail.
 * @param {{ name: string, run: () => Promise<{ ok: boolean, details?: string, note?: string }> }[]} steps
 * @returns {Promise<string[]>} names of the failed ones
 */
export async function runSteps(steps, width) {
  const failed = []
  const waiting = steps.values()
  const worker = async () => {
    for (const step of waiting) {
      const startedMs = Date.now()
      const {
        ok,
        details = '',
        note = '',
      } = await step.run().catch((error) => ({ ok: false, details: String(error.stack ?? error) }))
      say(`${ok ? 'ok    ' : 'FAILED'}  ${step.name.padEnd(28)} ${seconds(startedMs)}${note ? `  ${note}` : ''}`)
      if (ok) continue
      failed.push(step.name)
      for (const line of endOf(step.name, details)) say(`    ${line}`)
      say('')
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return failed
}

/** A step that is right when a program ends with 0. */
export const programStep = (name, command, arguments_, options) => ({
  name,
  run: async () => {
    const { code, output } = await run(command, arguments_, options)
    return { ok: code === 0, details: output }
  },
})
