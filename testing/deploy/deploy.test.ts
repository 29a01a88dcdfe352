import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'packages', 'platform', 'bin', 'trainyard.js')
const dockerfile = readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8')
const unit = readFileSync(join(root, 'deploy', 'trainyard.service'), 'utf8')

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'trainyard-deploy-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const variables = (line: string): Record<string, string> =>
  Object.fromEntries(Array.from(line.matchAll(/(\w+)=(\S+)/g), ([, name, value]) => [name!, value!]))

const imageEnvironment = variables(/^ENV (.+)$/m.exec(dockerfile)![1]!)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('the container image', () => {
  const copied = Array.from(dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm), ([, line]) => line!.split(' ').slice(0, -1)).flat()

  test('copies only what is there, runs as a user without rights and keeps data in its volume', () => {
    expect(copied.length).toBeGreaterThan(5)
    for (const path of copied) expect(existsSync(join(root, path)), path).toBe(true)
    expect(dockerfile).toMatch(/^USER node$/m)
    expect(dockerfile).toMatch(/^VOLUME \/data$/m)
    expect(imageEnvironment['TRAINYARD_HOME']).toBe('/data')
  })

  test(
    'what it copies is enough to build the program, with its dashboard and its shelf of functions',
    { timeout: 120_000 },
    () => {
      const place = join(folder, 'source')
      const ignored = readFileSync(join(root, 'deploy', 'Dockerfile.dockerignore'), 'utf8')
        .trim()
        .split('\n')
      const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...copied]
      const files = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).trim().split('\n')
      for (const path of files)
        if (!ignored.some((each) => path.startsWith(`${each}/`)) && existsSync(join(root, path)))
          cpSync(join(root, path), join(place, path))
      symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'))
      execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: place, stdio: 'pipe' })
      // Of the build, only this comes into the image.
      const kept = Array.from(dockerfile.matchAll(/^COPY --from=build \/source\/(\S+)/gm), ([, path]) => path!)
      const image = join(folder, 'app')
      for (const path of kept) cpSync(join(place, path), join(image, path), { recursive: true, verbatimSymlinks: true })
      const built = join(image, 'packages', 'platform', 'bin', 'trainyard.js')
      const words = ['hub', 'ls', '--json', '--data', join(folder, 'shelf')]
      const shelf = JSON.parse(execFileSync(process.execPath, [built, ...words], { encoding: 'utf8' })) as { items: object[] }
      expect(shelf.items.length).toBeGreaterThan(5)
    },
  )

  test('every user may read what is built', () => {
    for (const name of ['', 'cli', 'ui'])
      expect(statSync(join(root, 'packages', 'platform', 'dist', name)).mode & 0o055).toBe(0o055)
  })

  test(
    'its environment starts a server that its health check finds healthy, and that SIGTERM ends',
    { timeout: 120_000 },
    async () => {
      const port = String(await freePort())
      const environment = {
        ...process.env,
        ...imageEnvironment,
        TRAINYARD_HOME: join(folder, 'data'),
        TRAINYARD_PORT: port,
        TRAINYARD_TOKEN: 'hush',
      }
      const [, command] = /^HEALTHCHECK[^[]+(\[.+\])$/m.exec(dockerfile)!
      const [, ...checkArguments] = JSON.parse(command!) as string[]
      const check = () => spawnSync(process.execPath, checkArguments, { env: environment }).status
      expect(check()).toBe(1)
      const server = spawn(process.execPath, [program, 'up'], { env: environment, stdio: 'ignore' })
      const ended = new Promise((resolve) => server.once('exit', resolve))
      for (let round = 0; check() !== 0; round++) {
        expect(round, 'the server never became healthy').toBeLessThan(200)
        await sleep(100)
      }
      expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(401)
      server.kill('SIGTERM')
      expect(await ended).toBe(0)
    },
  )
})

describe('the systemd unit', () => {
  const tool = spawnSync('systemd-analyze', ['--version']).status === 0
  if (!tool) console.warn('\nNOT CHECKED: the systemd unit, for there is no systemd-analyze here.\n')

  test.runIf(tool)('is accepted by systemd and exposes little', () => {
    const path = join(folder, 'trainyard.service')
    // The user it names is made by whoever installs it.
    writeFileSync(path, unit.replace(/^(User|Group)=.*$/gm, '$1=daemon'))
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
    const about = verified.stderr.split('\n').filter((line) => line.includes('trainyard.service'))
    expect([verified.status, about]).toEqual([0, []])
    // Of 100; a service that sets nothing has 96.
    const exposed = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=25', path], { encoding: 'utf8' })
    expect(exposed.status, exposed.stdout).toBe(0)
  })

  test('sets nothing that the server does not know', { timeout: 60_000 }, () => {
    const lines = [...unit.matchAll(/^Environment=(.+)$/gm)].map(([, line]) => line!)
    const set = { ...variables(lines.join(' ')), TRAINYARD_HOME: join(folder, 'unit') }
    const printed = execFileSync(process.execPath, [program, 'up', '--print-config', '--json'], {
      env: { ...process.env, ...set, ...imageEnvironment, TRAINYARD_HOME: join(folder, 'unit') },
      encoding: 'utf8',
    })
    const known = Object.values(JSON.parse(printed) as Record<string, { from: string }>).map(({ from }) => from)
    for (const name of Object.keys({ ...set, ...imageEnvironment }))
      if (name.startsWith('TRAINYARD_') && name !== 'TRAINYARD_HOME') expect(known, name).toContain(name)
  })
})
