import { rm, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import type { StoredObject } from '../objects/index.ts'

/** Where artifacts' bytes go and what can be told about bytes that stay where they are. */
export interface ObjectPlaces {
  /**
   * Moves a spooled file or folder to `target` (an absolute path or URL). A rename on one disk, an upload elsewhere; the spooled
   * bytes are gone afterwards. Done again after a crash it finds the bytes at the target.
   */
  moveIn(spooled: string, target: string, options?: { signal?: AbortSignal }): Promise<StoredObject>
  describe(target: string): Promise<Partial<StoredObject>>
  /** Removes what lies at a target of ours: a file, a folder or objects under a prefix. Idempotent; returns the bytes freed. */
  remove(target: string): Promise<number>
}
