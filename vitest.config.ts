import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['trainyard-source'] },
  ssr: { resolve: { conditions: ['trainyard-source'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'testing/**/*.test.ts'],
    // Unisolated files share one module graph: ten times faster, and our modules hold no global state.
    isolate: false,
    globalSetup: ['testing/build-program.mjs'],
    pool: 'threads',
    testTimeout: 30_000,
  },
})
