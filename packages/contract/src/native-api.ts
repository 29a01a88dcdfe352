/**
 * The native interface as it travels: a table of operations with TypeBox schemas of what is asked and answered. It needs TypeBox,
 * which takes about 20 ms to load, so it is imported from `@trainyard/contract/native-api` and not from the package's index.
 *
 * Start with `native/operations.ts`.
 */
export * from './native/operation.ts'
export * from './native/operations.ts'
export { problem } from './native/schemas.ts'
