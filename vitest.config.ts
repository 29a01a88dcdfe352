import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { postgresProblem } from './testing/engines/postgres-server.mjs'
import { LongestFirst } from './testing/longest-first.ts'

const conditions = ['trainyard-source']
const common = {
  // Unisolated files share one module graph: ten times faster, and our modules hold no global state.
  isolate: false,
  pool: 'threads',
  // Most of the time a test waits for programs it has started. Vitest by itself leaves one core out: on two it ran file after file.
  maxWorkers: Math.max(3, availableParallelism()),
  // A limit is for what hangs: a machine with two busy cores takes twenty times as long as a quiet one.
  testTimeout: 180_000,
  hookTimeout: 180_000,
} as const

/** What stands on the database seam is tested on both databases; the suites are the same, the place they open differs. */
const onBothDatabases = [
  'tracking',
  'registry',
  'traces',
  'evaluation',
  'webhooks',
  'definitions',
  'secrets',
  'notifications',
  'jobs',
  'schedules',
  'http',
].map((folder) => `packages/platform/src/${folder}/**/*.test.ts`)

const problem = postgresProblem()
if (problem) console.warn(`\nNOT TESTED on Postgres, only on SQLite: ${problem}.\n`)

const project = (name: string, test: object): TestProjectInlineConfiguration => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { ...common, name, ...test },
})

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      project('all', {
        include: ['packages/*/src/**/*.test.ts', 'testing/**/*.test.ts'],
        exclude: [
          ...configDefaults.exclude,
          ...(problem ? ['packages/platform/src/database/postgres/**', '**/*.postgres.test.ts'] : []),
        ],
        globalSetup: ['testing/build-program.mjs', 'testing/postgres-broker.mjs'],
      }),
      ...(problem
        ? []
        : [
            project('postgres', {
              include: onBothDatabases,
              globalSetup: ['testing/postgres-broker.mjs'],
              // Each statement is a journey to another process here: fewer random checks than on SQLite.
              env: { TRAINYARD_TEST_DATABASE: 'postgres', SEARCH_CHECKS: '20', SEARCH_RUNS: '2600', KILL_ROUNDS: '4' },
            }),
          ]),
    ],
  },
})
