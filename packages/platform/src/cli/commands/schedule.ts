import type { Command } from 'commander'
import { AppError, sentence } from '@trainyard/contract'
import type { Firing, ScheduleRecord } from '../../schedules/index.ts'
import type { Cli } from '../cli.ts'
import { addExamplesBelow } from '../examples.ts'
import { parseCount } from '../option-values.ts'
import { formatTime, formatValue, shortIds } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { scheduleAccess, type ScheduleAccess } from '../schedule-access.ts'
import { describeTiming } from '../schedule-timing.ts'
import { defineAdd } from '../schedules/add.ts'
import { outcomeOf } from '../schedules/outcome.ts'

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
    if (outcome !== 'started') throw new AppError('failed_precondition', sentence(`${visible(name)} did not start: ${reason}`))
    return `${visible(name)} started ${runId}.`
  })
  defineRm(command, cli)
  addExamplesBelow(command, cli, {
    ls: [['trainyard schedule ls', 'with the next times of each, and how the last run went']],
    show: [['trainyard schedule show nightly', 'its next times, and what it has fired']],
    pause: [['trainyard schedule pause nightly', 'nothing is fired until it is resumed']],
    resume: [['trainyard schedule resume nightly', 'what was due meanwhile is not made up for']],
    run: [['trainyard schedule run nightly', 'once now, beside its times']],
    rm: [
      ['trainyard schedule rm nightly', 'runs that it started stay'],
      ['trainyard schedule rm nightly weekly', 'a name that is not there is told before any is removed'],
    ],
  })
}

function defineRm(command: Command, cli: Cli): void {
  command
    .command('rm')
    .description('Remove schedules; runs that they started stay.')
    .argument('<schedules...>', 'their names')
    .action(async (names: string[]) => {
      await using access = await scheduleAccess(cli, { create: false })
      const project = cli.project ?? 'default'
      const schedules = Array.from(new Set(names))
      // A name that was misspelled is told before anything is gone.
      for (const name of schedules) await access.show(project, name, 1)
      for (const name of schedules) await access.remove(project, name)
      if (cli.globals.json) return await cli.printJson({ removed: schedules })
      cli.note(`${schedules.map(visible).join(', ')} ${schedules.length === 1 ? 'is' : 'are'} removed.`)
    })
}

function defineLs(command: Command, cli: Cli): void {
  command
    .command('ls')
    .description('List schedules, how they went last and when they fire next.')
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
        each.last === null ? '' : outcomeOf(each.last),
        each.upcomingMs.map(formatTime).join(', '),
      ])
      const columns = [
        { header: 'schedule', shrinkTo: 10 },
        { header: 'project', shrinkTo: 8 },
        { header: 'when', shrinkTo: 12 },
        { header: 'state' },
        { header: 'last', shrinkTo: 10 },
        { header: 'next', shrinkTo: 16 },
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
  const parameters = Object.entries(schedule.job.task.parameters ?? {}).map(([key, value]) => `${key}=${formatValue(value)}`)
  const facts: [string, string][] = [
    ['when', visible(describeTiming(schedule.timing))],
    ['state', schedule.state],
    ['starts', visible(startedBy(schedule.job))],
    ...(parameters.length > 0 ? [['parameters', visible(parameters.join(', '))] as [string, string]] : []),
    ['overlapping', schedule.concurrency],
    ['missed times', schedule.catchUp],
    ...(schedule.secretNames.length > 0 ? [['secrets', visible(schedule.secretNames.join(', '))] as [string, string]] : []),
  ]
  const idOf = shortIds(history.flatMap(({ runId }) => runId ?? []))
  const fired = history.map((each) => {
    const what = each.runId === null ? visible(each.reason ?? '') : idOf(each.runId)
    return `  ${formatTime(each.plannedAtMs)}  ${visible(each.cause)}  ${outcomeOf(each)}  ${what}`
  })
  return [
    `${style.bold(visible(schedule.name))} of ${visible(schedule.project)}`,
    ...facts.map(([name, value]) => `${style.dim(name.padEnd(14))}${value}`),
    ...(upcomingMs.length > 0 ? [style.bold('Next'), ...upcomingMs.map((atMs) => `  ${formatTime(atMs)}`)] : []),
    ...(fired.length > 0 ? [style.bold('Fired'), ...fired] : []),
  ]
}

/** A function with its handler, a file, or a program. */
const startedBy = ({ function: reference, task: { handler, command, program } }: ScheduleRecord['job']): string =>
  reference === undefined
    ? (command ?? program?.join(' ') ?? '')
    : `${reference}${handler === undefined ? '' : `, handler ${handler}`}`
