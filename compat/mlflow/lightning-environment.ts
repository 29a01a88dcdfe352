import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { here } from './client-environment.ts'

const version = 'lightning-2.2.5-mlflow-2.22.5'

/**
 * The Python of a cached virtual environment with PyTorch Lightning, over the PyTorch of the operating system, which is far smaller
 * than that of package indexes (2.5 GB with CUDA's libraries). Undefined, with the reason said, where there is none.
 */
export function pythonWithLightning(): string | undefined {
  const system = ['python3', '/usr/bin/python3'].find((name) => spawnSync(name, ['-c', 'import torch']).status === 0)
  if (system === undefined) {
    console.log(
      'NOT RUN: autolog of lightning: no python3 here has PyTorch (on Debian: apt-get install python3-torch python3-venv).',
    )
    return undefined
  }
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'trainyard-compat', version)
  const python = join(folder, 'bin', 'python')
  const ready = join(folder, 'ready')
  if (existsSync(ready)) return python
  try {
    console.log(`Making ${folder}; this takes a minute or two.`)
    execFileSync(system, ['-m', 'venv', '--clear', '--system-site-packages', folder], { stdio: 'inherit' })
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    execFileSync(python, [...install, '-r', join(here, 'requirements-lightning.txt')], { stdio: 'inherit' })
    // By themselves they would bring the large PyTorch.
    const alone = ['--no-deps', '-r', join(here, 'requirements-lightning-alone.txt')]
    execFileSync(python, [...install, ...alone], { stdio: 'inherit' })
    writeFileSync(ready, '')
    return python
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.log(`NOT RUN: autolog of lightning: its environment cannot be made here: ${reason}`)
    return undefined
  }
}
