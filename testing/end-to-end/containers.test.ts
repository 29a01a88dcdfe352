import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RunRecord } from '@trainyard/contract'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { podmanRunFlags } from '../engines/podman.mjs'
import { eventually, Workshop } from './program.ts'

const image = 'trainyard-test-programs:1'

let workshop: Workshop
let why: string | undefined
beforeAll(() => {
  workshop = new Workshop()
  why = prepareEngine(workshop)
  if (why !== undefined) console.warn(`\nNOT TESTED in containers: ${why}.\n`)
})
afterAll(() => workshop[Symbol.dispose]())

/** An image of this machine's own shell, and a podman that works here. Why there is none, else. */
function prepareEngine(shop: Workshop): string | undefined {
  const { folder, environment } = shop
  const quiet = { encoding: 'utf8', stdio: 'pipe', timeout: 60_000 } as const
  try {
    const root = join(folder, 'image')
    for (const tool of ['sh', 'cat', 'date', 'sleep']) {
      const path = `/bin/${tool}`
      const libraries = execFileSync('ldd', [path], quiet).match(/\/\S+/g) ?? []
      for (const file of [path, ...libraries]) {
        mkdirSync(dirname(join(root, file)), { recursive: true })
        copyFileSync(file, join(root, file))
      }
    }
    execFileSync('sh', ['-c', `tar -C '${root}' -c . | podman import - ${image}`], quiet)
    const flags = podmanRunFlags(image, ['/bin/sh', '-c', 'exit 0'])
    if (flags.length > 0) {
      const real = execFileSync('sh', ['-c', 'command -v podman'], quiet).trim()
      const shim = shop.write(
        'bin/podman',
        `#!/bin/sh\nif [ "$1" = run ]; then shift; exec ${real} run ${flags.join(' ')} "$@"; fi\nexec ${real} "$@"\n`,
      )
      chmodSync(shim, 0o755)
      environment['PATH'] = `${dirname(shim)}:${environment['PATH']}`
    }
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error)
  }
}

it('a program runs in a container, with its output, secrets and exit code, and a stop reaches it there', async () => {
  if (why !== undefined) return
  const inside = await workshop.run(
    'run',
    '--image',
    image,
    '-s',
    'TOKEN=abc',
    '--program',
    'sh',
    '--',
    '-c',
    'echo "$TOKEN"; [ -e /usr/bin/env ] || echo inside; exit 4',
  )
  expect(inside).toMatchObject({ code: 1, stdout: 'abc\ninside\n' })
  const started = workshop.start([
    'run',
    '--image',
    image,
    '--name',
    'long',
    '--program',
    'sh',
    '--',
    '-c',
    'echo begun; sleep 1000',
  ])
  const id = await eventually(async () => {
    const { runs } = await workshop.json<{ runs: RunRecord[] }>('ls', '--filter', "name = 'long'")
    const { stdout } = await workshop.run('logs', 'long').catch(() => ({ stdout: '' }))
    return stdout.includes('begun') ? runs[0]?.id : undefined
  })
  expect(execFileSync('podman', ['ps', '--format', '{{.Names}}'], { encoding: 'utf8' })).toContain(`trainyard-${id}`)
  await workshop.run('abort', id)
  expect((await started.finished).code).not.toBe(0)
  expect(execFileSync('podman', ['ps', '--all', '--format', '{{.Names}}'], { encoding: 'utf8' })).not.toContain(`trainyard-${id}`)
  expect(existsSync(join(workshop.folder, '.trainyard'))).toBe(true)
})

it('a function runs in its image where that is here, and says in a sentence when it is not', { timeout: 120_000 }, async () => {
  if (why !== undefined) return
  workshop.write('go.py', 'def go(context):\n    context.log_result("a", 1)\n')
  await workshop.json('function', 'new', 'go.py:go', '--image', image)
  // The image has no Python, which shows where it was looked for.
  const inside = await workshop.json('function', 'run', 'go')
  expect(inside).toMatchObject({ state: 'failed', task: { image } })
  await workshop.json('function', 'new', 'go.py:go', '--image', 'trainyard-test-nowhere:1', '--cpu', '2')
  const outside = await workshop.json('function', 'run', 'go')
  expect(outside).toMatchObject({ state: 'completed', results: { a: 1 } })
  expect(outside.environment?.choices['function']).toMatch(
    /^the image trainyard-test-nowhere:1 was not used: it is not on this machine \(podman pull .*\); limits of resources are kept in containers/,
  )
})
