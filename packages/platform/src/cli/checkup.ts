import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { databaseFile, locateDataDirectory } from '../base/data-directory.ts'
import { messageOf, systemErrorCode } from '../base/errors.ts'
import { findPython } from '../execution/index.ts'
import { type Database, openDatabase } from '../database/index.ts'
import { createTracking } from '../tracking/index.ts'
import type { Cli } from './cli.ts'
import { sharedDatabase } from './database-place.ts'
import { countOf, formatBytes, formatTime } from './output/format.ts'

/** One thing `doctor` looked at. `advice` says what to do about it. */
export interface Finding {
  what: string
  verdict: 'ok' | 'warn' | 'fail'
  found: string
  advice?: string
}

/** Looks at everything, one thing after the other failing or not. Changes nothing and makes no data directory. */
export async function examine(cli: Cli): Promise<Finding[]> {
  const waiting = [
    checkRecords(cli),
    checkDisk(cli),
    checkPython(cli),
    checkTool(cli, 'git', ['--version'], 'runs are recorded without the commit they came from'),
    checkTool(cli, 'uv', ['--version'], 'environments are made with venv and pip, which is slower'),
  ]
  return [...checkNode(), ...checkDirectory(cli), ...(await Promise.all(waiting)).flat(), ...checkPackages()]
}

const leastNode = [22, 18] as const

function checkNode(): Finding[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const enough = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])
  if (enough) return [{ what: 'Node.js', verdict: 'ok', found: process.version }]
  return [{ what: 'Node.js', verdict: 'fail', found: process.version, advice: `install ${leastNode.join('.')} or newer` }]
}

const placeOf = (cli: Cli) =>
  locateDataDirectory({
    workingDirectory: cli.workingDirectory,
    ...(cli.globals.data === undefined ? {} : { flag: cli.globals.data }),
    ...(cli.config.dataDirectory === undefined ? {} : { environment: cli.config.dataDirectory }),
  })

const chosenBy = { flag: '--data', environment: 'TRAINYARD_HOME', nearest: 'the nearest one', default: 'the default' } as const

function checkDirectory(cli: Cli): Finding[] {
  const what = 'data directory'
  const place = placeOf(cli)
  const found = `${place.path} (${chosenBy[place.chosenBy]})`
  const exists = existsSync(place.path)
  try {
    accessSync(exists ? place.path : existingParent(place.path), constants.W_OK)
  } catch (error) {
    return [
      {
        what,
        verdict: 'fail',
        found,
        advice: `not writable (${systemErrorCode(error) ?? messageOf(error)}); choose another with --data or TRAINYARD_HOME`,
      },
    ]
  }
  return [exists ? { what, verdict: 'ok', found } : { what, verdict: 'ok', found: `${found}, made by the first run` }]
}

function existingParent(path: string): string {
  let folder = path
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** The database's own integrity check, and whether the clock agrees with what was recorded. */
async function checkRecords(cli: Cli): Promise<Finding[]> {
  const { path } = placeOf(cli)
  if (sharedDatabase(cli) === undefined && !existsSync(path)) return []
  try {
    await using opened = await openDatabase(sharedDatabase(cli) ?? databaseFile(path))
    const { version, problems } = await opened.inspect()
    const { runs } = createTracking(opened)
    const count = await runs.count({ iterations: true })
    const [newest] = (await runs.search({ limit: 1, iterations: true })).runs
    const database: Finding =
      problems.length === 0
        ? { what: 'database', verdict: 'ok', found: `version ${version}, ${countOf(count, 'run')}` }
        : {
            what: 'database',
            verdict: 'fail',
            found: `damaged: ${problems.slice(0, 3).join('; ')}`,
            advice: 'restore it from a copy, or export the runs that can still be read',
          }
    return [database, ...(await checkAside(opened)), checkClock(cli.nowMs(), newest?.createdAtMs)]
  } catch (error) {
    return [{ what: 'database', verdict: 'fail', found: messageOf(error) }]
  }
}

/** What arrived and could not be stored: kept for a programmer to look at. */
async function checkAside(opened: Database): Promise<Finding[]> {
  const { count, first } = await opened.read(async ({ kysely }) => {
    const counted = kysely.selectFrom('metric_arrivals_aside').select(({ fn }) => fn.countAll<number | string>().as('count'))
    const oldest = kysely.selectFrom('metric_arrivals_aside').select('reason').orderBy('number').limit(1)
    return { count: Number((await counted.executeTakeFirstOrThrow()).count), first: await oldest.executeTakeFirst() }
  })
  if (!first) return []
  return [
    {
      what: 'set aside',
      verdict: 'warn',
      found: `${countOf(count, 'batch of metric points', 'batches of metric points')}, first because: ${first.reason}`,
      advice: 'the runs concerned say so too; report it, with the rows of the table metric_arrivals_aside',
    },
  ]
}

/** A clock may differ by this much between machines that share a data directory. */
const clockToleranceMs = 60_000

function checkClock(nowMs: number, newestMs: number | undefined): Finding {
  const found = formatTime(nowMs)
  if (newestMs !== undefined && newestMs > nowMs + clockToleranceMs) {
    return {
      what: 'clock',
      verdict: 'warn',
      found,
      advice: `the newest run was made at ${formatTime(newestMs)}, later than now; set the clock`,
    }
  }
  return { what: 'clock', verdict: 'ok', found }
}

const littleBytes = 2e9
const nothingLeftBytes = 1e8

async function checkDisk(cli: Cli): Promise<Finding[]> {
  const what = 'disk space'
  try {
    const { bavail, bsize } = await statfs(existingParent(placeOf(cli).path))
    const freeBytes = bavail * bsize
    const found = `${formatBytes(freeBytes)} free`
    if (freeBytes >= littleBytes) return [{ what, verdict: 'ok', found }]
    return [
      {
        what,
        verdict: freeBytes < nothingLeftBytes ? 'fail' : 'warn',
        found,
        advice: 'make room, for example with trainyard rm and trainyard trash empty',
      },
    ]
  } catch (error) {
    return [{ what, verdict: 'warn', found: `not known (${messageOf(error)})` }]
  }
}

const execute = promisify(execFile)
const toolTimeoutMs = 10_000
const leastPythonMinor = 9

async function checkPython(cli: Cli): Promise<Finding[]> {
  const what = 'Python'
  try {
    const { executable, reason } = findPython({ environment: cli.config.environment, workingDirectory: cli.workingDirectory })
    const { stdout } = await execute(executable, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
      timeout: toolTimeoutMs,
      env: definedOnly(cli),
    })
    const version = stdout.trim()
    const [major = 0, minor = 0] = version.split('.').map(Number)
    const found = `${version}, ${executable} (${reason})`
    if (major === 3 && minor >= leastPythonMinor) return [{ what, verdict: 'ok', found }]
    return [
      {
        what,
        verdict: 'fail',
        found,
        advice: `Python 3.${leastPythonMinor} or newer is needed; activate one, or use trainyard run --python`,
      },
    ]
  } catch (error) {
    return [
      {
        what,
        verdict: 'fail',
        found: messageOf(error).split('\n')[0] ?? '',
        advice: 'install Python 3.9 or newer (TypeScript handlers work without it)',
      },
    ]
  }
}

const definedOnly = (cli: Cli): NodeJS.ProcessEnv => ({ ...cli.config.environment })

async function checkTool(cli: Cli, name: string, argument: string[], without: string): Promise<Finding[]> {
  try {
    const { stdout } = await execute(name, argument, { timeout: toolTimeoutMs, env: definedOnly(cli) })
    return [
      {
        what: name,
        verdict: 'ok',
        found: (stdout.trim().split('\n')[0] ?? '').replace(/^(\S+ )?version /, '').replace(`${name} `, ''),
      },
    ]
  } catch (error) {
    const found = systemErrorCode(error) === 'ENOENT' ? 'not installed' : messageOf(error).split('\n')[0]!
    return [{ what: name, verdict: 'warn', found, advice: `without it ${without}` }]
  }
}

const optionalPackages = [
  ['s3:// addresses', '@aws-sdk/client-s3'],
  ['gs:// addresses', '@google-cloud/storage'],
  ['az:// addresses', '@azure/storage-blob'],
  ['postgres:// databases', 'pg'],
] as const

function checkPackages(): Finding[] {
  const require = createRequire(import.meta.url)
  return optionalPackages.map(([what, name]) => {
    try {
      require.resolve(name)
      return { what, verdict: 'ok', found: name }
    } catch {
      return { what, verdict: 'ok', found: `not set up; npm install ${name} when you need them` }
    }
  })
}
