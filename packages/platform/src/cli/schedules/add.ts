import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Task } from '@trainyard/contract'
import type { NewSchedule, ScheduledJob } from '../../schedules/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { parseDuration } from '../option-values.ts'
import { formatTime } from '../output/format.ts'
import { visible } from '../output/visible.ts'
import { buildTask } from '../run/build-task.ts'
import { addRunOptions, type RunOptions } from '../run/run-options.ts'
import { planOf, portable, withoutValues } from '../run/run-on-server.ts'
import { scheduleAccess } from '../schedule-access.ts'
import { addTimingOptions, describeTiming, parseTiming, type TimingOptions } from '../schedule-timing.ts'

interface AddOptions extends RunOptions, TimingOptions {
  jitter?: string
  concurrency?: string
  catchUp?: string
  paused?: boolean
  replace?: boolean
}

export function defineAdd(command: Command, cli: Cli): void {
  const add = command
    .command('add')
    .description('Say when a run is to be started on a server.')
    .argument('<schedule>', 'its name')
    .argument('[file]', 'a Python, TypeScript or JavaScript file, file:handler, db://[project/]name[:tag], or hub://name')
    .argument('[arguments...]', 'for the script, after --')
  addTimingOptions(add)
  add
    .option('--jitter <duration>', 'put each time off by something below this')
    .option('--concurrency <policy>', 'when a run of it is still at work: allow, forbid or replace (default: allow)')
    .option('--catch-up <policy>', 'of times missed while no server ran: none, latest or all (default: latest)')
    .option('--paused', 'fire nothing until it is resumed')
    .option('--replace', 'change the schedule of that name')
  addRunOptions(add)
  add.action(async (name: string, file: string | undefined, words: string[], options: AddOptions) => {
    const timing = parseTiming(options)
    const asked = await askedFor(cli, file, words, options)
    await using access = await scheduleAccess(cli, { create: true })
    const { secrets, ...job } = access.isRemote ? asked.distant() : { ...asked.here, host: hostname() }
    const schedule: NewSchedule = {
      project: cli.project ?? job.task.project ?? 'default',
      name,
      owner: cli.config.userName,
      timing,
      jitterMs: options.jitter === undefined ? 0 : parseDuration(options.jitter, '--jitter'),
      ...policies(options),
      isPaused: options.paused ?? false,
      secrets,
      job: { ...job, task: { ...withoutValues(job.task), name: job.task.name ?? name } },
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
    [
      'trainyard schedule add weekly --cron @weekly db://train:production -p epochs=5',
      'the version that the tag leads to by then',
    ],
    ['trainyard schedule add probe --every 10m --concurrency forbid probe.py', 'every ten minutes, never twice at a time'],
    ['trainyard schedule add once --at 2030-01-01T08:00:00Z train.py', 'one time'],
    ["trainyard schedule add check --on-model iris test.py -p model='{{trigger.model.uri}}'", 'for each new version of a model'],
  ])
}

const policies = ({ concurrency, catchUp }: AddOptions) => ({
  ...(concurrency === undefined ? {} : { concurrency: concurrency as 'allow' }),
  ...(catchUp === undefined ? {} : { catchUp: catchUp as 'none' }),
})

type Plan = ScheduledJob & { secrets: Record<string, string> }

/** The job as a server of this machine takes it, and as another machine does. */
async function askedFor(
  cli: Cli,
  file: string | undefined,
  words: readonly string[],
  options: AddOptions,
): Promise<{ here: Plan; distant: () => Plan }> {
  if (file === undefined || !/^(?:db|hub):\/\//.test(file)) {
    const plan = planOf(cli, { ...(await buildTask(cli, file, words, options)), options })
    return { here: plan, distant: () => portable(cli, plan) }
  }
  const { keptFunction } = await import('./kept-function.ts')
  const reference = await keptFunction(cli, file)
  const { workingDirectory, ...plan } = planOf(cli, { ...(await buildTask(cli, undefined, words, options)), options })
  const job = { ...plan, function: reference }
  return { here: { ...job, task: fromHere(job.task, workingDirectory!) }, distant: () => job }
}

/** A function works in a folder of its own: paths mean what they mean where they were typed. */
function fromHere({ inputs, outPath, ...task }: Task, folder: string): Task {
  const whole = (place: string): string => (/^[a-z][a-z0-9+.-]+:\/\//i.test(place) ? place : resolve(folder, place))
  return {
    ...task,
    ...(inputs === undefined
      ? {}
      : { inputs: Object.fromEntries(Object.entries(inputs).map(([key, place]) => [key, whole(place)])) }),
    ...(outPath === undefined ? {} : { outPath: whole(outPath) }),
  }
}
