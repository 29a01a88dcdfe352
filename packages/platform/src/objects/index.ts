/**
 * Blobs: files of runs, inputs and data sets, wherever they lie.
 *
 * One port, `ObjectStore`, with a driver per kind of place: local files, memory, the web (read-only), S3, Google Cloud Storage
 * and Azure Blob Storage. `openObject('s3://bucket/key', context)` and `openObjectStore(folder, context)` choose the driver by the
 * address; `createPlaces` works on whole files and folders. Packages of the clouds are loaded on first use.
 *
 * It is not a record of what is where: that is `tracking`. It knows no artifacts, runs or projects.
 * Start with `object-store.ts`, then `open-store.ts`; `testing/object-store-suite.ts` is what each driver must pass.
 */
export { hashFile, objectHash } from './body.ts'
export { downloadDirectory, hashDirectory, listLocalFiles, type StoredDirectory, uploadDirectory } from './directory.ts'
export { createFileStore } from './file-store.ts'
export { partialPrefix } from './file-writing.ts'
export { createMemoryStore } from './memory-store.ts'
export {
  type GetOptions,
  listAll,
  type ObjectBody,
  type ObjectContent,
  type ObjectInfo,
  type ObjectPage,
  type ObjectStore,
  type PutOptions,
  type StoredObject,
} from './object-store.ts'
export { hasFolders, joinPlace, type ObjectUrl, parseObjectUrl, shortened } from './object-url.ts'
export { type ObjectAddress, type ObjectContext, openObject, openObjectStore } from './open-store.ts'
export { createPlaces, type Places } from './places.ts'
export { type ByteStore, copyObject, downloadObject, toByteStore, type TransferProgress } from './transfer.ts'
export { createPartUploads, mostParts, type PartUploads } from './part-uploads.ts'
