import { AppError } from '@trainyard/contract'

export const isHubReference = (text: string): boolean => text.startsWith('hub://')

/** Of items, sources, versions and files. */
export const namePattern = /^[A-Za-z0-9][\w.-]*$/

/** `hub://[source/]name[:tag]`, with or without the `hub://`. Dashes and underscores in names are the same. */
export function parseHubReference(text: string): { source?: string; name: string; tag: string } {
  const [path = '', tag = 'latest'] = text.replace(/^hub:\/\//, '').split(/:(.*)/s)
  const parts = path.split('/')
  const [name = '', source] = parts.toReversed()
  if (parts.length > 2 || ![name, tag, source ?? 'any'].every((part) => namePattern.test(part)))
    throw new AppError(
      'invalid_argument',
      `'${text.slice(0, 80)}' names no item of a hub: write hub://name, hub://source/name or hub://name:tag.`,
    )
  return { name: name.replaceAll('-', '_'), tag, ...(source === undefined ? {} : { source }) }
}
