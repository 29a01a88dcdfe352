/**
 * Versioned documents: functions, feature sets, feature vectors and whatever else is a named JSON document of a project with
 * versions by the hash of its content, tags that move among them, and slots without versions.
 *
 * It knows names, hashes, tags, labels and paging, and nothing of what a document says: `functions/` knows what a function is. Two
 * that save one name at once both keep their version; the tag leads to the later one, and its history tells of both.
 *
 * Start with `definitions.ts` (the promises), then `content-hash.ts` (what makes two documents the same) and `definition-save.ts`.
 */
export { contentHash } from './content-hash.ts'
export { createDefinitions } from './create-definitions.ts'
export type * from './definitions.ts'
export { latestTag } from './definition-names.ts'
