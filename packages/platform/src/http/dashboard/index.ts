/**
 * The dashboard's files: one page for every address that belongs to it, and the hashed files that page asks for.
 *
 * It knows nothing of what they show: they ask the native interface as any other client. `packages/ui` holds their sources,
 * `scripts/build-dashboard.mjs` builds and compresses them.
 *
 * Start with `pages.ts`.
 */
export { dashboardPages } from './pages.ts'
