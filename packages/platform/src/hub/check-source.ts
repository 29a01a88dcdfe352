import { AppError } from '@trainyard/contract'
import { namePattern } from './hub-reference.ts'
import type { HubSource } from './hub.ts'

/** `invalid_argument` names the field of a source that leads nowhere: a path that is no address, a channel that is no folder's name. */
export function checkHubSource({ name, path, channel }: Pick<HubSource, 'name' | 'path' | 'channel'>): void {
  if (path.includes('\0') || (/^[a-z][a-z\d+.-]*:\/\//i.test(path) && !URL.canParse(path)))
    throw new AppError(
      'invalid_argument',
      `The path of the hub ${name} is no address: '${path.slice(0, 80)}'. Write https://host/path, a Git repository or a folder.`,
    )
  if (!namePattern.test(channel))
    throw new AppError(
      'invalid_argument',
      `The channel of the hub ${name} is the name of one folder, usually master: letters, digits, dots and dashes, not '${channel.slice(0, 80)}'.`,
    )
}
