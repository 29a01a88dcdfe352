/**
 * The function hub: catalogues of functions to run or import by name (`hub://describe`), in MLRun's layout or as plain folders, from
 * files, the web or Git; the shelf of our own among them.
 *
 * It reads catalogues and fetches items; it stores nothing but the list of sources (as the documents that MLRun's client sees) and
 * runs nothing. Start with `hub.ts` (the promises), then `catalogue.ts` (the layouts).
 */
export { createHub, type HubOptions } from './create-hub.ts'
export { checkHubSource } from './check-source.ts'
export type * from './hub.ts'
export { isHubReference, parseHubReference } from './hub-reference.ts'
export { ownShelf } from './own-shelf.ts'
