import { invalid, missing } from './errors.ts'
import { mediaTypeOf } from '../bytes/media-types.ts'
import { Answer, type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { toTime } from './times.ts'

/** Previews only: whoever wants more goes to the bytes themselves. */
const largestPreviewBytes = 16 * 1024 * 1024

export const fileRoutes: readonly Route[] = (['projects/:project/', ''] as const).flatMap((prefix) => [
  route('GET', `${prefix}files`, read),
  route('GET', `${prefix}filestat`, async (context, call) => {
    const { store, key } = await context.served.object(pathOf(call))
    const info = await store.head(key)
    if (!info) throw missing(`There is no file ${pathOf(call)}.`)
    return { size: info.sizeBytes ?? 0, modified: toTime(info.modifiedAtMs ?? 0), mimetype: mediaTypeOf(key).split(';')[0] }
  }),
])

function pathOf({ query }: MlrunCall): string {
  const path = query.text('path')
  const schema = query.text('schema')
  if (path === undefined) throw invalid("The parameter 'path' is missing: name the file.")
  return schema === undefined || path.includes('://') ? path : `${schema}://${path.replace(/^\/+/, '')}`
}

async function read(context: MlrunContext, call: MlrunCall): Promise<object | Answer> {
  const path = pathOf(call)
  if (path.endsWith('/')) {
    const folder = await context.served.folder(path)
    const page = await folder.list({ delimiter: '/' })
    return { listdir: [...page.objects.map(({ key }) => key), ...page.prefixes].toSorted() }
  }
  const { store, key } = await context.served.object(path)
  const info = await store.head(key)
  if (!info) throw missing(`There is no file ${path}.`)
  const offset = Math.max(call.query.integer('offset') ?? 0, 0)
  const asked = call.query.integer('size') ?? info.sizeBytes ?? 0
  const most = Math.min(asked <= 0 ? (info.sizeBytes ?? 0) : asked, largestPreviewBytes)
  const pieces: Uint8Array[] = []
  let passedBytes = 0
  let taken = 0
  for await (const piece of (await store.get(key)).stream) {
    const bytes = piece as Uint8Array
    const from = Math.max(offset - passedBytes, 0)
    passedBytes += bytes.length
    if (from >= bytes.length) continue
    const part = bytes.subarray(from, from + most - taken)
    taken += part.length
    pieces.push(part)
    if (taken >= most) break
  }
  const name = key.split('/').at(-1) ?? 'file'
  return new Answer(200, Buffer.concat(pieces), {
    'content-type': mediaTypeOf(name),
    'x-suggested-filename': encodeURIComponent(name),
  })
}
