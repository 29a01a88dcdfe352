// A strict S3 server for tests: versitygw over a temporary folder, on a free loopback port. It checks signatures, conditions and
// multipart uploads as Amazon's does, and keeps objects as plain files. The program is built once with Go (one to five minutes)
// and kept in the user's cache.
//
//   node testing/engines/s3-server.mjs           starts one, prints what to export, and runs until Ctrl-C
//   node testing/engines/s3-server.mjs --build   only makes sure that the program is there
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const version = 'v1.8.0'
const cache = () => process.env.TRAINYARD_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trainyard')
const programPath = () => join(cache(), 'engines', 'bin', 'versitygw')
const goProgram = () => ['go', '/usr/local/go/bin/go'].find((name) => spawnSync(name, ['version']).status === 0)

/** Undefined when the server can be started here; otherwise the reason why not. */
export function s3ServerProblem() {
  if (existsSync(programPath()) || goProgram()) return undefined
  return `the S3 test server needs ${programPath()} or Go to build it, and neither is there`
}

/** Builds the program when it is missing. Throws with the reason when that fails. */
export function ensureS3Server(log = () => undefined) {
  const program = programPath()
  if (existsSync(program)) return program
  const go = goProgram()
  if (!go) throw new Error(s3ServerProblem())
  log(`building the S3 test server with Go (once, one to five minutes) into ${program}`)
  const folder = join(cache(), 'engines', 'bin')
  mkdirSync(folder, { recursive: true })
  const fresh = mkdtempSync(join(folder, 'build-'))
  try {
    const built = spawnSync(
      go,
      ['install', '-trimpath', '-ldflags', '-s -w', `github.com/versity/versitygw/cmd/versitygw@${version}`],
      {
        env: { ...process.env, GOBIN: fresh, CGO_ENABLED: '0' },
        encoding: 'utf8',
      },
    )
    if (built.status !== 0)
      throw new Error(`building the S3 test server failed: ${(built.stderr || String(built.error)).trim().split('\n').at(-1)}`)
    renameSync(join(fresh, 'versitygw'), program)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  return program
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** Any answer at all, also a refusal, means that it serves. */
const answers = (endpoint) =>
  fetch(endpoint).then(
    () => true,
    () => false,
  )

/**
 * Starts a server of its own with the given buckets. `folder` holds a folder per bucket.
 * @param {{ buckets?: string[], log?: (line: string) => void }} [options]
 */
export async function startS3Server({ buckets = ['test'], log } = {}) {
  const program = ensureS3Server(log)
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-s3-'))
  for (const bucket of buckets) mkdirSync(join(folder, bucket))
  const accessKeyId = 'trainyard'
  const secretAccessKey = 'trainyard-secret'
  for (let attempt = 1; ; attempt += 1) {
    const endpoint = `http://127.0.0.1:${await freePort()}`
    // With setpriv the server goes when its starter is killed.
    const guard = spawnSync('setpriv', ['--version']).status === 0 ? ['setpriv', '--pdeathsig', 'KILL'] : []
    const [command, ...rest] = [...guard, program, '--port', endpoint.slice('http://'.length), '--quiet', 'posix', folder]
    const server = spawn(command, rest, {
      env: { ...process.env, ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let complaint = ''
    server.stderr.setEncoding('utf8').on('data', (text) => {
      complaint = (complaint + text).slice(-2000)
    })
    const exited = new Promise((resolve) => server.once('exit', resolve))
    const stop = async () => {
      server.kill('SIGKILL')
      await exited
      rmSync(folder, { recursive: true, force: true })
    }
    const deadlineMs = Date.now() + 20_000
    while (server.exitCode === null && Date.now() < deadlineMs) {
      if (await answers(endpoint)) return { endpoint, accessKeyId, secretAccessKey, region: 'us-east-1', folder, stop }
      await delay(20)
    }
    // Another process may have taken the port in between.
    if (attempt < 3 && server.exitCode !== null) continue
    await stop()
    throw new Error(`the S3 test server did not start: ${complaint.trim() || 'no answer within 20 s'}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const log = (line) => console.error(line)
  if (process.argv[2] === '--build') {
    log(ensureS3Server(log))
  } else {
    const server = await startS3Server({ log })
    console.log(
      `export S3_ENDPOINT=${server.endpoint} AWS_ACCESS_KEY_ID=${server.accessKeyId} AWS_SECRET_ACCESS_KEY=${server.secretAccessKey}`,
    )
    console.log(`# bucket "test"; its objects are files below ${server.folder}; Ctrl-C stops`)
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.stop().then(() => process.exit(0)))
  }
}
