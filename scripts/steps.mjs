// Running programs and telling about it, for the scripts beside this file. Works on Node.js 18 with no package installed.
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
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
      say(`${details.trim().replace(/^/gm, '    ')}\n`)
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
