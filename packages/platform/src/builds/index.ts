/**
 * Builds of functions: on a machine without containers the cached environment with the packed source, with buildah, podman or docker an
 * OCI image by a Dockerfile that is made from the function. What was built is known by its content and not built again.
 *
 * It does not run functions (`execution/` does, with what was built here) and keeps no records but the function's status and the log.
 * Start with `build-function.ts` (one build), then `dockerfile.ts` (what an image is made of) and `engines.ts` (who makes it).
 */
export { type BuildOptions, type BuildRecord, type BuildRequest, buildStateOf } from './build.ts'
export { buildFunction, readBuildLog } from './build-function.ts'
export { dockerfileOf } from './dockerfile.ts'
export { type BuildEngine, findEngine } from './engines.ts'
