import type { Command } from 'commander'
import { AppError, isEnded } from '@trainyard/contract'
import type { JobRecord } from '../../jobs/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples, addExamplesBelow } from '../examples.ts'
import { jobAccess } from '../job-access.ts'
import { parseCount } from '../option-values.ts'
import { formatAge, formatBytes, shortId } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'

export function define(command: Command, cli: Cli): void {
  defineLs(command, cli)
  command
    .command('show')
    .description('Show one job: what it asks for, why it waits, who has it.')
    .argument('<run>', 'its run')
    .action(async (reference: string) => {
      await using access = await jobAccess(cli)
      const id = await access.resolve(reference)
      const job = await access.find(id)
      if (job === undefined) throw new AppError('not_found', `Run ${shortId(id)} is no job of a server.`)
      if (cli.globals.json) return await cli.printJson(job)
      await cli.print(describe(cli, job).join('\n'))
    })
  command
    .command('cancel')
    .description('Stop jobs, waiting or running.')
    .argument('<run...>', 'their runs')
    .option('--reason <text>', 'kept on the record')
    .option('--force', 'kill at once instead of asking first')
    .action(async (references: string[], options: { reason?: string; force?: boolean }) => {
      await using access = await jobAccess(cli)
      const ids = await Promise.all(references.map((reference) => access.resolve(reference)))
      const reason = `aborted by ${cli.config.userName}${options.reason === undefined ? '' : `: ${options.reason}`}`
      const ended = await Promise.all(ids.map((id) => access.abort(id, { reason, force: options.force ?? false })))
      if (cli.globals.json) return await cli.printJson(ended)
      for (const record of ended) await cli.print(`${shortId(record.id)} ${visible(record.name)} ${record.state}`)
    })
  command
    .command('priority')
    .description('Let a job that waits start earlier or later.')
    .argument('<run>', 'its run')
    .argument('<number>', 'from -1000 to 1000; higher ones start first, 0 is usual')
    .action(async (reference: string, text: string) => {
      await using access = await jobAccess(cli)
      const job = await access.prioritise(await access.resolve(reference), Number(text))
      if (cli.globals.json) await cli.printJson(job)
      else cli.note(`${shortId(job.runId)} has the priority ${job.priority}.`)
    })
  command
    .command('limit')
    .description('Say how many jobs of a project run at a time.')
    .argument('[project]', 'a project; without it all limits are listed')
    .argument('[number]', 'how many, or none to lift the limit')
    .action(async (project: string | undefined, text: string | undefined) => {
      await using access = await jobAccess(cli)
      if (project !== undefined && text !== undefined)
        await access.limit(project, text === 'none' ? null : parseCount(text, 'the limit', 0))
      const limits = await access.limits()
      if (cli.globals.json) return await cli.printJson({ limits })
      const shown = Object.entries(limits).filter(([name]) => project === undefined || name === project)
      if (shown.length === 0) return cli.note('No limit: jobs run as resources allow.')
      for (const [name, running] of shown) await cli.print(`${visible(name)} ${running}`)
    })
  addExamples(command, cli, [
    ['trainyard jobs ls', 'what runs on servers and what waits, and why'],
    ['trainyard jobs cancel latest', 'stop one'],
    ['trainyard jobs priority train-iris 10', 'let it start before others'],
    ['trainyard jobs limit vision 4', 'at most four jobs of a project at a time'],
  ])
  addExamplesBelow(command, cli, {
    ls: [['trainyard jobs ls --all --project vision', 'those of one project, ended ones too']],
    show: [['trainyard jobs show latest', 'what it asks for, why it waits, who has it']],
    cancel: [['trainyard jobs cancel 0193af --reason "wrong data"', 'waiting or running; the reason is kept']],
    priority: [['trainyard jobs priority train-iris 10', 'let it start before others']],
    limit: [
      ['trainyard jobs limit vision 4', 'at most four jobs of a project at a time'],
      ['trainyard jobs limit vision none', 'as many as resources allow'],
    ],
  })
}

function defineLs(command: Command, cli: Cli): void {
  command
    .command('ls')
    .description('List jobs: those that run, then those that wait in the order they will start.')
    .option('-a, --all', 'ended ones too')
    .option('-n, --limit <count>', 'at most so many (default: 100)')
    .action(async (options: { all?: boolean; limit?: string }) => {
      await using access = await jobAccess(cli)
      const limit = options.limit === undefined ? 100 : parseCount(options.limit, '--limit')
      const query = { ...(cli.project === undefined ? {} : { project: cli.project }), limit }
      const jobs = options.all
        ? await access.list(query)
        : [...(await access.list({ ...query, state: 'leased' })), ...(await access.list({ ...query, state: 'queued' }))].slice(
            0,
            limit,
          )
      if (cli.globals.json) return await cli.printJson({ jobs })
      if (cli.globals.quiet) return jobs.length === 0 ? undefined : await cli.print(jobs.map(({ runId }) => runId).join('\n'))
      if (jobs.length === 0) return cli.note('No jobs run or wait.')
      const runs = await access.runs(jobs.map(({ runId }) => runId))
      const rows = jobs.map((job) => {
        const run = runs.get(job.runId)
        const state = job.state === 'ended' || (run !== undefined && isEnded(run.state)) ? (run?.state ?? 'ended') : job.state
        return [
          shortId(job.runId),
          visible(run?.name ?? ''),
          visible(job.project),
          state === 'leased' ? (run?.state ?? 'running') : state,
          String(job.priority),
          visible(job.reason ?? job.host ?? ''),
          formatAge(job.enqueuedAtMs, cli.nowMs()),
        ]
      })
      await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
    })
}

const columns = [
  { header: 'run' },
  { header: 'name', shrinkTo: 10 },
  { header: 'project', shrinkTo: 8 },
  { header: 'state' },
  { header: 'priority', align: 'right' },
  { header: 'where or why not', shrinkTo: 12 },
  { header: 'age', align: 'right' },
] as const

function describe(cli: Cli, job: JobRecord): string[] {
  const wanted = [
    `${job.cpu} CPU`,
    ...(job.memoryBytes > 0 ? [formatBytes(job.memoryBytes)] : []),
    ...(job.gpus > 0 ? [`${job.gpus} GPU`] : []),
  ]
  const rows: [string, string][] = [
    ['run', job.runId],
    ['project', visible(job.project)],
    ['state', job.state],
    ['priority', String(job.priority)],
    ['asks for', wanted.join(', ')],
    ['attempts begun', String(job.attempt)],
    ['asked', `${formatAge(job.enqueuedAtMs, cli.nowMs())} ago`],
    ...(job.host === null ? [] : [['machine', visible(job.host)] as [string, string]]),
    ...(job.reason === null ? [] : [['waiting', visible(job.reason)] as [string, string]]),
  ]
  return rows.map(([name, value]) => `${cli.style.dim(name.padEnd(15))}${value}`)
}
