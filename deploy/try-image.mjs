// Builds the image of deploy/Dockerfile to its end with podman, runs it, logs a run through it with MLflow's client, stops it with
// SIGTERM and finds the run in a second container on the same volume.
//
//   node deploy/try-image.mjs                     over node:24-slim of a registry
//   sudo node deploy/try-image.mjs --local-base   over a base like it, made of Debian's packages and the Node that runs this: where no
//                                                 registry of images is at hand (debootstrap, half a minute, kept as localhost/trainyard-node)
import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pythonWithClient } from '../compat/mlflow/client-environment.ts'
import { podmanRunFlags } from '../testing/engines/podman.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const image = 'localhost/trainyard-tried'
const localBase = 'localhost/trainyard-node:24'
const container = `trainyard-tried-${process.pid}`
const volume = container
const token = 'a token of sixteen letters or more'.replaceAll(' ', '-')

const podman = (...words) => execFileSync('podman', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()

function say(what) {
  console.log(`${new Date().toISOString().slice(11, 19)} ${what}`)
}

/** What the official image has that the Dockerfile counts on: Debian, Node with npm, and the user `node`. */
function makeLocalBase() {
  if (spawnSync('podman', ['image', 'exists', localBase]).status === 0) return
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-base-'))
  try {
    say('debootstrap')
    const packages = ['--variant=minbase', '--include=ca-certificates,libstdc++6', 'bookworm', folder]
    // Among mounts of its own: it mounts this machine's /proc in the folder, and must not leave it there when it is interrupted.
    execFileSync('unshare', ['--mount', 'debootstrap', ...packages], { stdio: 'pipe' })
    copyFileSync(realpathSync(process.execPath), join(folder, 'usr/local/bin/node'))
    const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
    const modules = join(folder, 'usr/local/lib/node_modules')
    mkdirSync(modules, { recursive: true })
    cpSync(dirname(dirname(realpathSync(npm))), join(modules, 'npm'), { recursive: true })
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(folder, 'usr/local/bin/npm'))
    // Certificates that this machine trusts besides those of the public: registries may be reached through a proxy of its own.
    const trusted = '/etc/ssl/certs/ca-certificates.crt'
    if (existsSync(trusted)) copyFileSync(trusted, join(folder, trusted))
    execFileSync('chroot', [folder, 'useradd', '--uid', '1000', '--create-home', 'node'])
    writeFileSync(join(folder, 'etc/hostname'), 'trainyard\n')
    say('podman import')
    const change = `--change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'ENV NODE_EXTRA_CA_CERTS=${trusted}'`
    execFileSync('sh', ['-c', `tar -C '${folder}' -c . | podman import ${change} - ${localBase}`], { stdio: 'pipe' })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Polls until it gives something. */
async function eventually(what, look, seconds = 60) {
  for (let round = 0; round < seconds * 10; round++) {
    const found = await look()
    if (found) return found
    await delay(100)
  }
  console.error(spawnSync('podman', ['logs', container], { encoding: 'utf8' }).stderr)
  throw new Error(`${what}: not within ${seconds} seconds`)
}

function expect(what, found, wanted) {
  if (found !== wanted) throw new Error(`${what}: ${found}, and not ${wanted}`)
  say(`${what}: ${found}`)
}

const useLocalBase = process.argv.includes('--local-base')
if (useLocalBase) makeLocalBase()
say('podman build')
const isolation = useLocalBase ? ['--isolation', 'chroot', '--network', 'host', '--build-arg', `BASE=${localBase}`] : []
// Docker's format, for the health check, which the other one has no place for.
const build = ['build', '--format', 'docker', ...isolation, '-f', 'deploy/Dockerfile', '-t', image, '.']
execFileSync('podman', build, { cwd: root, stdio: 'inherit' })
say(`built: ${Math.round(Number(podman('image', 'inspect', '--format', '{{.Size}}', image)) / 1e6)} MB`)

const port = String(await freePort())
const url = `http://127.0.0.1:${port}`
const flags = podmanRunFlags(image, ['trainyard', '--version'])
const settings = ['--volume', `${volume}:/data`, '--env', `TRAINYARD_PORT=${port}`, '--env', `TRAINYARD_TOKEN=${token}`]
const start = () => podman('run', ...flags, '--detach', '--name', container, '--network', 'host', ...settings, image)
const isHealthy = async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok
const python = pythonWithClient()
function withClient(code) {
  const env = { ...process.env, MLFLOW_TRACKING_URI: url, MLFLOW_TRACKING_TOKEN: token }
  return execFileSync(python, ['-W', 'ignore', '-c', code], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}
/** With SIGTERM, as `docker stop` and every orchestrator do. */
function stop() {
  podman('stop', '--time', '30', container)
  expect('exit code after SIGTERM', podman('inspect', '--format', '{{.State.ExitCode}}', container), '0')
}

podman('volume', 'create', volume)
try {
  start()
  await eventually('/health', isHealthy)
  say('/health answers')
  expect('health check of the image', spawnSync('podman', ['healthcheck', 'run', container]).status, 0)
  expect('without the token', (await fetch(`${url}/api/2.0/mlflow/experiments/search?max_results=1`)).status, 401)
  expect('user', podman('exec', container, 'id', '-un'), 'node')
  if (python) {
    withClient(`
import mlflow
mlflow.set_experiment('in a container')
with mlflow.start_run(run_name='kept'):
    mlflow.log_params({'lr': 0.1})
    for step in range(100):
        mlflow.log_metric('loss', 1 / (step + 1), step=step)
    mlflow.log_text('hello', 'notes/hello.txt')
`)
    say('a run with 100 points and a file logged with the client')
  }
  const script = `import trainyard; trainyard.get_or_create_ctx('inside').log_result('answer', 42)`
  podman('exec', container, 'sh', '-c', `cd /tmp && echo "${script}" > train.py && trainyard run train.py --name inside`)
  const listed = podman('exec', container, 'trainyard', 'ls', '--json', '--filter', "name = 'inside'")
  const [{ state, results }] = JSON.parse(listed).runs
  expect('trainyard run inside', `${state}, ${results.answer}`, 'completed, 42')
  stop()

  podman('start', container)
  await eventually('/health of the container started again', isHealthy)
  stop()
  podman('rm', container)
  start()
  await eventually('/health of another container', isHealthy)
  if (python) {
    const read = `
import mlflow
[run] = mlflow.search_runs(experiment_names=['in a container'], output_format='list')
points = mlflow.MlflowClient().get_metric_history(run.info.run_id, 'loss')
print(run.info.run_name, run.info.status, run.data.params['lr'], len(points), mlflow.artifacts.load_text(run.info.artifact_uri + '/notes/hello.txt'))
`
    expect('in another container on the same volume', withClient(read), 'kept FINISHED 0.1 100 hello')
  }
  stop()
} finally {
  spawnSync('podman', ['rm', '--force', container])
  spawnSync('podman', ['volume', 'rm', volume])
}
say('The image works.')
