import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions: ['trainyard-source', 'module', 'browser', 'production', 'import', 'default'] },
  build: {
    target: 'es2023',
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    // The server tells a browser by it what a page will need.
    manifest: 'manifest.json',
    rolldownOptions: {
      // Libraries say where a server would not render them; we have none that renders.
      onLog: (level, log, tell) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && tell(level, log),
    },
  },
  // `npx vite packages/ui` beside `trainyard up --port 5000`: pages from the sources, data from the server.
  server: { proxy: { '/api': 'http://127.0.0.1:5000' } },
})
