import { compareKeys } from './object-key.ts'
import type { ObjectInfo, ObjectPage } from './object-store.ts'

interface PageRequest {
  prefix?: string
  delimiter?: '/'
  /** The last key or prefix of the page before. */
  cursor?: string
  limit: number
}

/** One page of objects that are all at hand, in any order. */
export function pageOf(objects: Iterable<ObjectInfo>, request: PageRequest): ObjectPage {
  const page = createPage(request)
  for (const info of [...objects].sort((left, right) => compareKeys(left.key, right.key))) {
    if (!page.offer(info)) break
  }
  return page.finish()
}

/** Takes objects in order of their keys and sorts them into a page; `offer` says false when the page is full. */
export function createPage({ prefix = '', delimiter, cursor, limit }: PageRequest): {
  offer(info: ObjectInfo): boolean
  finish(): ObjectPage
} {
  const objects: ObjectInfo[] = []
  const prefixes: string[] = []
  let last: string | undefined
  let full = false
  return {
    offer(info) {
      if (!info.key.startsWith(prefix)) return true
      const cut = delimiter ? info.key.indexOf(delimiter, prefix.length) : -1
      const entry = cut < 0 ? info.key : info.key.slice(0, cut + 1)
      if (entry === last || (cursor !== undefined && compareKeys(entry, cursor) <= 0)) return true
      if (objects.length + prefixes.length === limit) {
        full = true
        return false
      }
      last = entry
      if (cut < 0) objects.push(info)
      else prefixes.push(entry)
      return true
    },
    finish: () => ({ objects, prefixes, next: full && last !== undefined ? last : null }),
  }
}
