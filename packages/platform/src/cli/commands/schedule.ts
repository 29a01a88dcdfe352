import { hostname } from 'node:os'
import type { Command } from 'commander'
import { AppError } from '@trainyard/contract'
import type { Firing, NewSchedule, ScheduleRecord } from '../../schedules/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples, addExamplesBelow } from '../examples.ts'
import { parseCount, parseDuration } from '../option-values.ts'
import { formatTime, shortId } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { buildTask } from '../run/build-task.ts'
import { addRunOptions, type RunOptions } from '../run/run-options.ts'
import { planOf, portable, withoutValues } from '../run/run-on-server.ts'
import { scheduleAccess, type ScheduleAccess } from '../schedule-access.ts'
import { addTimingOptions, describeTiming, parseTiming, type TimingOptions } from '../schedule-timing.ts'

interface AddOptions extends RunOptions, TimingOptions {
  jitter?: string
  concurrency?: string
  catchUp?: string
  paused?: boolean
  replace?: boolean
}

export function define(command: Command, cli: Cli): void {
  defineAdd(command, cli)
  defineLs(command, cli)
  defineShow(command, cli)
  const one = (
    name: string,
    description: string,
    act: (access: ScheduleAccess, project: string, schedule: string) => Promise<string>,
  ): void => {
    command
      .command(name)
      .description(description)
      .argument('<schedule>', 'its name')
      .action(async (schedule: string) => {
        await using access = await scheduleAccess(cli, { create: false })
        const told = await act(access, cli.project ?? 'default', schedule)
        if (cli.globals.json) await cli.printJson({ schedule, told })
        else cli.note(told)
      })
  }
  one('pause', 'Fire nothing until it is resumed.', async (access, project, name) => {
    await access.pause(project, name)
    return `${visible(name)} is paused.`
  })
  one('resume', 'Let a paused schedule go on; what was due meanwhile is left out.', async (access, project, name) => {
    const { nextAtMs } = await access.resume(project, name)
    return `${visible(name)} goes on${nextAtMs === null ? '' : `; next at ${formatTime(nextAtMs)}`}.`
  })
  one('run', 'Fire a schedule now, beside its times.', async (access, project, name) => {
    const { outcome, runId, reason } = await access.fire(project, name)
    if (outcome !== 'started') throw new AppError('failed_precondition', `${visible(name)} did not start: ${reason}.`)
    return `${visible(name)} started ${runId}.`
  })
  one('rm', 'Remove a schedule; runs that it started stay.', async (access, project, name) => {
    await access.remove(project, name)
    return `${visible(name)} is removed.`
  })
  addExamplesBelow(command, cli, {
    ls: [['trainyard schedule ls', 'with the next time of each']],
    show: [['trainyard schedule show nightly', 'its next times, and what it has fired']],
    pause: [['trainyard schedule pause nightly', 'nothing is fired until it is resumed']],
    resume: [['trainyard schedule resume nightly', 'what was due meanwhile is not made up for']],
    run: [['trainyard schedule run nightly', 'once now, beside its times']],
    rm: [['trainyard schedule rm nightly', 'runs that it started stay']],
  })
}

function defineAdd(command: Command, cli: Cli): void {
  const add = command
    .command('add')
    .description('Say when a run is to be started on a server.')
    .argument('<schedule>', 'its name')
    .argument('[file]', 'a Python, TypeScript or JavaScript file, or file:handler')
    .argument('[arguments...]', 'for the script, after --')
  addTimingOptions(add)
  add
    .option('--jitter <duration>', 'put each time off by something below this')
    .option('--concurrency <policy>', 'when a run of it is still at work: allow, forbid or replace (default: allow)')
    .option('--catch-up <policy>', 'of times missed while no server ran: none, latest or all (default: latest)')
    .option('--paused', 'fire nothing until it is resumed')
    .option('--replace', 'change the schedule of that name')
  addRunOptions(add)
  add.action(async (name: string, file: string | undefined, arguments_: string[], options: AddOptions) => {
    if (file !== undefined && /^(?:db|hub):\/\//.test(file))
      throw new AppError(
        'invalid_argument',
        `A schedule starts a file, and ${file} is a kept function; write its code into a file first: ${cli.config.programName} function export.`,
      )
    const built = await buildTask(cli, file, arguments_, options)
    const plan = planOf(cli, { ...built, options })
    await using access = await scheduleAccess(cli, { create: true })
    const { secrets, ...asked } = access.isRemote ? portable(cli, plan) : { ...plan, host: hostname() }
    const schedule: NewSchedule = {
      project: cli.project ?? built.task.project ?? 'default',
      name,
      owner: cli.config.userName,
      timing: parseTiming(options),
      jitterMs: options.jitter === undefined ? 0 : parseDuration(options.jitter, '--jitter'),
      ...policies(options),
      isPaused: options.paused ?? false,
      secrets,
      job: { ...asked, task: { ...withoutValues(asked.task), name: asked.task.name ?? name } },
    }
    const { record, path, upcomingMs } = await access.add(schedule, { replace: options.replace ?? false })
    if (cli.globals.json) return await cli.printJson({ schedule: record, path, upcomingMs })
    cli.note(`${visible(name)}: ${describeTiming(record.timing)}`)
    for (const atMs of upcomingMs) await cli.print(formatTime(atMs))
    if (path !== undefined) await cli.print(`${access.url}${path}`)
    if (!access.isServed) cli.note(`It fires while a server runs; start one with: ${cli.config.programName} up`)
  })
  addExamples(add, cli, [
    ["trainyard schedule add nightly --cron '0 3 * * *' --time-zone Europe/Berlin train.py:train -p epochs=5", 'every night'],
    ['trainyard schedule add probe --every 10m --concurrency forbid probe.py', 'every ten minutes, never twice at a time'],
    ['trainyard schedule add once --at 2030-01-01T08:00:00Z train.py', 'one time'],
    ["trainyard schedule add check --on-model iris test.py -p model='{{trigger.model.uri}}'", 'for each new version of a model'],
  ])
}

const policies = ({ concurrency, catchUp }: AddOptions) => ({
  ...(concurrency === undefined ? {} : { concurrency: concurrency as 'allow' }),
  ...(catchUp === undefined ? {} : { catchUp: catchUp as 'none' }),
})

function defineLs(command: Command, cli: Cli): void {
  command
    .command('ls')
    .description('List schedules and when they fire next.')
    .option('-n, --limit <count>', 'at most so many (default: 100)')
    .action(async (options: { limit?: string }) => {
      await using access = await scheduleAccess(cli, { create: false })
      const limit = options.limit === undefined ? 100 : parseCount(options.limit, '--limit')
      const schedules = await access.list({ ...(cli.project === undefined ? {} : { project: cli.project }), limit })
      if (cli.globals.json) return await cli.printJson({ schedules })
      if (cli.globals.quiet)
        return schedules.length === 0 ? undefined : await cli.print(schedules.map(({ name }) => name).join('\n'))
      if (schedules.length === 0) return cli.note('There are no schedules.')
      const rows = schedules.map((each) => [
        visible(each.name),
        visible(each.project),
        visible(describeTiming(each.timing)),
        each.state,
        each.nextAtMs === null ? '' : formatTime(each.nextAtMs),
      ])
      const columns = [
        { header: 'schedule', shrinkTo: 10 },
        { header: 'project', shrinkTo: 8 },
        { header: 'when', shrinkTo: 12 },
        { header: 'state' },
        { header: 'next' },
      ]
      await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
    })
}

function defineShow(command: Command, cli: Cli): void {
  command
    .command('show')
    .description('Show a schedule, its next times and what it has fired.')
    .argument('<schedule>', 'its name')
    .option('-n, --next <count>', 'so many of its next times (default: 5)')
    .action(async (name: string, options: { next?: string }) => {
      await using access = await scheduleAccess(cli, { create: false })
      const count = options.next === undefined ? 5 : parseCount(options.next, '--next', 0)
      const shown = await access.show(cli.project ?? 'default', name, count)
      if (cli.globals.json) return await cli.printJson(shown)
      await cli.print(page(cli, shown).join('\n'))
    })
}

function page(
  cli: Cli,
  { schedule, upcomingMs, history }: { schedule: ScheduleRecord; upcomingMs: number[]; history: Firing[] },
): string[] {
  const { style } = cli
  const facts: [string, string][] = [
    ['when', visible(describeTiming(schedule.timing))],
    ['state', schedule.state],
    ['starts', visible(schedule.job.task.command ?? schedule.job.task.program?.join(' ') ?? '')],
    ['overlapping', schedule.concurrency],
    ['missed times', schedule.catchUp],
    ...(schedule.secretNames.length > 0 ? [['secrets', visible(schedule.secretNames.join(', '))] as [string, string]] : []),
  ]
  const fired = history.map((each) => {
    const what = each.outcome === 'started' ? shortId(each.runId ?? '') : `${each.outcome}: ${visible(each.reason ?? '')}`
    return `  ${formatTime(each.plannedAtMs)}  ${visible(each.cause)}  ${what}`
  })
  return [
    `${style.bold(visible(schedule.name))} of ${visible(schedule.project)}`,
    ...facts.map(([name, value]) => `${style.dim(name.padEnd(14))}${value}`),
    ...(upcomingMs.length > 0 ? [style.bold('Next'), ...upcomingMs.map((atMs) => `  ${formatTime(atMs)}`)] : []),
    ...(fired.length > 0 ? [style.bold('Fired'), ...fired] : []),
  ]
}
