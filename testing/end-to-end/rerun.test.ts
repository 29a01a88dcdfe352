import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { RunRecord, SharedGround } from '@trainyard/contract'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workshop } from './program.ts'

let workshop: Workshop
beforeEach(() => {
  workshop = new Workshop()
})
afterEach(() => workshop[Symbol.dispose]())

describe('trainyard rerun', () => {
  it('asks for secrets that were given by value, of runs, sweeps and iterations', async () => {
    workshop.write(
      'job.py',
      'def job(context, n: int = 1):\n    context.log_result("length", len(context.get_secret("API_KEY", "")) + n)\n',
    )
    await workshop.run('run', 'job.py:job', '-n', 'one', '-s', 'API_KEY=four', '-s', 'OTHER=x')
    await workshop.run('run', 'job.py:job', '-n', 'many', '-x', 'n=[1,2]', '-s', 'API_KEY=four')
    for (const [which, lost] of [
      ['one', '-s API_KEY=… -s OTHER=….'],
      ['many', '-s API_KEY=….'],
      ['many/2', '-s API_KEY=….'],
    ] as const) {
      const refused = await workshop.run('rerun', which)
      expect({ code: refused.code, stderr: refused.stderr }).toEqual({ code: 4, stderr: expect.stringContaining(lost) })
    }
    expect((await workshop.run('rerun', 'one', '-s', 'OTHER=x')).stderr).toContain('again with -s API_KEY=….')
    const again = await workshop.json('rerun', 'one', '-s', 'API_KEY=four', '-s', 'OTHER=x')
    expect(again.results).toMatchObject({ length: 5 })
    expect((await workshop.json('rerun', 'many/2', '-s', 'API_KEY=four')).results).toMatchObject({ length: 6 })
  })

  it('takes an iteration again with the Python of its sweep, which the iteration is shown with', async () => {
    workshop.write('job.py', 'import sys\ndef job(context, n: int):\n    context.log_result("python", sys.executable)\n')
    const python = join(workshop.folder, 'our-python')
    const real = execFileSync(process.env['TRAINYARD_TEST_PYTHON'] ?? 'python3', ['-c', 'import sys; print(sys.executable)'])
    symlinkSync(real.toString().trim(), python)
    await workshop.run('run', 'job.py:job', '-n', 'tune', '-x', 'n=[1,2]', '--python', python)
    const shown = await workshop.json<{ shared: SharedGround }>('show', 'tune/2')
    expect(shown.shared).toMatchObject({
      run: { name: 'tune' },
      code: { handler: 'job' },
      environment: { interpreter: { executable: python } },
    })
    expect((await workshop.run('show', 'tune/2')).stdout).toContain(`Code, as in tune (${shown.shared.run.id.slice(0, 12)})`)
    const again = await workshop.start(['rerun', 'tune/2']).finished
    expect(again.stderr).toContain('the same in code, environment, parameters and results')
    expect((await workshop.json<{ run: RunRecord }>('show', 'latest')).run).toMatchObject({
      kind: 'run',
      parameters: { n: 2 },
      results: { python },
    })
    workshop.write('job.py', 'def job(context, n: int):\n    pass\n')
    expect((await workshop.run('rerun', 'tune/2', '--current')).stderr).toContain('script: ')
  })

  it('tells what differs between the iterations of a sweep that has no best one', async () => {
    workshop.write(
      'job.py',
      'import os\ndef job(context, n: int):\n    if n == 2:\n        context.log_result("loss", float(os.environ["LOSS"]))\n',
    )
    const environment = { LOSS: '0.5' }
    await workshop.start(['run', 'job.py:job', '-n', 'tune', '-x', 'n=[1,2]'], { environment }).finished
    const same = await workshop.start(['rerun', 'tune'], { environment }).finished
    expect(same.stderr).toContain('the same in code, environment, parameters and results')
    const other = await workshop.start(['rerun', 'tune'], { environment: { LOSS: '0.25' } }).finished
    expect(other.stderr).toContain('iteration 2: loss 0.5 → 0.25')
    expect(other.stderr).not.toContain('the same in')
    expect(other.stderr).not.toContain('iteration 1')
  })

  describe('of a run that told somebody', () => {
    let asked: number
    let server: Server
    let url: string
    beforeEach(async () => {
      asked = 0
      server = createServer((_request, response) => {
        asked++
        response.end()
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
      workshop.write('job.py', 'def job(context):\n    pass\n')
      await workshop.run('run', 'job.py:job', '--notify', `webhook=${url}`)
      expect(asked).toBe(1)
    })
    afterEach(() => void server.close())

    it('tells the same address again', async () => {
      const { code, stderr } = await workshop.run('rerun')
      expect({ code, asked }).toEqual({ code: 0, asked: 2 })
      expect(stderr).not.toContain('was not sent')
    })

    it('asks for the address where it cannot be opened, before it runs', async () => {
      rmSync(join(workshop.folder, '.trainyard', 'secret.key'))
      const { code, stderr } = await workshop.run('rerun')
      expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('give them again with --notify webhook=….') })
      expect((await workshop.run('rerun', '--notify', `webhook=${url}`)).code).toBe(0)
      expect(asked).toBe(2)
    })
  })
})
