import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AppError } from '@trainyard/contract'
import { exportRuns, importRuns } from '../../tracking/index.ts'
import { artifactReader, emptyTrash, figuresOf, portablePlaces, sizeOfRuns, splitRegistered } from '../../upkeep/index.ts'
import type { SomeHandlers } from './bound-operation.ts'
import type { NativeContext } from './context.ts'
import { followChanges } from './follow-changes.ts'
import { followRun } from './follow-run.ts'
import { searchAllIds } from './selected-runs.ts'

export const serverHandlers: SomeHandlers<
  'getFigures' | 'emptyTrash' | 'followChanges' | 'followRun' | 'exportRuns' | 'importRuns'
> = {
  getFigures: async ({ holdings, version, clock, startedAtMs, hasToken }, { query }) => ({
    version,
    uptimeMs: Math.max(0, clock.nowMs() - startedAtMs),
    memoryBytes: process.memoryUsage().rss,
    ...(await figuresOf(holdings)),
    hasToken,
    databaseProblems: query.check === true ? (await holdings.database.inspect()).problems : null,
  }),
  emptyTrash: async (context, { body: { runs, filter, project, all = false, dryRun = false } }) => {
    if ([runs !== undefined, filter !== undefined, all].filter(Boolean).length !== 1)
      throw new AppError(
        'invalid_argument',
        'The body: name the runs in `runs`, give a `filter`, or set `all`, one of the three.',
      )
    const { tracking, registry, holdings } = context
    const scope = { trashed: true, ...(project === undefined ? {} : { project }), ...(filter === undefined ? {} : { filter }) }
    const records = await tracking.runs.getMany(runs ?? (await searchAllIds(context, scope)))
    const live = records.find((run) => run.trashedAtMs === null)
    if (live)
      throw new AppError('failed_precondition', `Run ${live.id} is not in the trash; only trashed runs are removed for good.`, {
        details: { runId: live.id },
      })
    const foreign = records.find((run) => project !== undefined && run.project !== project)
    if (foreign)
      throw new AppError('invalid_argument', `Run ${foreign.id} is of the project ${foreign.project}, not of ${project}.`, {
        details: { runId: foreign.id },
      })
    const { free, kept } = await splitRegistered(tracking, registry, records)
    const freed = dryRun
      ? { objectBytes: await sizeOfRuns(tracking, free), databaseBytes: 0, keptTargets: [] }
      : await emptyTrash(holdings, free)
    return {
      runs: free.map((run) => run.id),
      kept: kept.map(({ run, name, version }) => ({ run: run.id, model: name, version })),
      ...freed,
    }
  },
  followChanges,
  followRun,
  exportRuns: async ({ tracking, holdings, served }, { body, raw }, reply) => {
    const records = await tracking.runs.getMany(body.runs)
    // Bytes that lie where this server reads nothing for others stay there; the record names their place.
    const places = records.map((run) => run.outPath).filter((place) => served.isServed(place))
    const readArtifact = artifactReader(holdings, { places, onMissing: () => {} })
    const output = new PassThrough()
    const written = exportRuns(tracking, body.runs, { output, readArtifact })
    // What is refused is refused before the first byte; later the answer is cut off, which its reader sees.
    await Promise.race([written, new Promise((resolve) => output.once('readable', resolve))])
    written.catch((error: unknown) => raw.log.error({ err: error }, 'export failed'))
    return await reply
      .type('application/octet-stream')
      .header('content-disposition', 'attachment; filename="runs.trainyard"')
      .send(output)
  },
  importRuns: async (context, { raw }) => {
    const { holdings, tracking } = context
    return await withUpload(context, raw.raw, (path) =>
      importRuns(holdings.database, tracking, { open: () => createReadStream(path), ...portablePlaces(holdings) }),
    )
  },
}

/** The bytes in a file of their own while `use` looks at them: an import reads them twice, and is refused whole or taken whole. */
async function withUpload<Result>(
  { holdings }: NativeContext,
  body: AsyncIterable<Uint8Array>,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = join(holdings.directory.path, 'uploads')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `import-${randomUUID()}`)
  try {
    await pipeline(body, createWriteStream(path, { mode: 0o600 }))
    return await use(path)
  } finally {
    await rm(path, { force: true })
  }
}
