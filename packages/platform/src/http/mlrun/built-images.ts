import { createHash } from 'node:crypto'
import type { JsonObject } from '@trainyard/contract'
import type { BuildRecord } from '../../builds/index.ts'
import { objectAt, textsOf } from './json.ts'
import type { MlrunContext } from './route.ts'
import { findRecord, putRecord } from './stored-records.ts'

/** What the name of an image stands for here: packages, in a cached environment. Kept from the beginning of its first build on. */
export interface BuiltImage {
  image: string
  /** What the function asked for. */
  asked: string[]
  /** What its environment has, with the client that carries functions out. */
  requirements: string[]
  /** Undefined until the first build has ended well. */
  build?: JsonObject
}

const stored = { kind: 'built-image', what: 'image' }
/** Names of images have slashes and colons, which those of records have not. */
const nameOf = (image: string): string => createHash('sha256').update(image).digest('hex').slice(0, 40)

export async function findBuiltImage(context: MlrunContext, project: string, image: string): Promise<BuiltImage | undefined> {
  const found = await findRecord(context, stored, { project, name: nameOf(image) })
  if (found === undefined) return undefined
  const asked = textsOf(found['asked'])
  const requirements = textsOf(found['requirements'])
  return { image, asked, requirements, ...(found['build'] === undefined ? {} : { build: objectAt(found, 'build') }) }
}

export async function keepBuiltImage(
  context: MlrunContext,
  project: string,
  { build, ...image }: Omit<BuiltImage, 'build'> & { build?: BuildRecord },
): Promise<void> {
  const body: JsonObject = { ...image, ...(build === undefined ? {} : { build: { ...build } }) }
  await putRecord(context, stored, { project, name: nameOf(image.image), body })
}
