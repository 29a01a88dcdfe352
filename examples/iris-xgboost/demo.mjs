// The main job on real data, with nothing but the commands a user would type. Run it with `npm run demo` from the top of the clone.
import { spawnSync } from 'node:child_process'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const repository = join(here, '..', '..')
const program = join(repository, 'packages', 'platform', 'bin', 'trainyard.js')
const training = relative(repository, join(here, 'training.py'))

const commands = [
  ['run', `${training}:iris_generator`, '--name', 'iris-data'],
  ['run', `${training}:xgb_train`, '--name', 'train-iris', '-i', 'dataset=store://default/iris_dataset'],
  [
    'run',
    `${training}:xgb_train`,
    '--name',
    'tune-iris',
    '-i',
    'dataset=store://default/iris_dataset',
    '-x',
    'eta=[0.05,0.10,0.20,0.30]',
    '-x',
    'max_depth=[3,4,5,6,8,10]',
    '-x',
    'gamma=[0.0,0.1,0.2,0.3]',
    '--selector',
    'max.accuracy',
  ],
]

const quoted = (word) => (/^[\w./:=@-]+$/.test(word) ? word : `'${word}'`)

for (const words of commands) {
  console.log(`\n$ npx trainyard ${words.map(quoted).join(' ')}`)
  const { status, signal } = spawnSync(process.execPath, [program, ...words], {
    cwd: repository,
    stdio: 'inherit',
    // As npx sets it: what to type next is shown the way a user of the clone types it.
    env: { ...process.env, npm_command: 'exec' },
  })
  if (status !== 0) process.exit(status ?? (signal === 'SIGINT' ? 130 : 1))
}
