import type { AppError, JsonObject } from '@trainyard/contract'

/** Catalogues of functions, looked through in order: those that were added, the newest first, our own shelf, MLRun's public one. */
export interface Hub {
  sources(): Promise<HubSource[]>
  /** Adds a source or replaces the one of that name, once its catalogue could be read. `permission_denied` for the two that are always there. */
  add(source: Pick<HubSource, 'name' | 'path'> & Partial<HubSource>): Promise<HubSource>
  /** `not_found` when there is none. */
  remove(name: string): Promise<void>
  /** Items of one source, or of all that can be reached; what could not be is told. */
  list(options?: { source?: string; search?: string }): Promise<{ items: HubItem[]; unreachable: string[] }>
  /** Every version of every item of a source. */
  versions(source: string): Promise<HubItem[]>
  /** What `hub://[source/]name[:tag]` means. `not_found` names the nearest items. */
  find(reference: string): Promise<HubItem>
  /** The same for who goes on without it: why it was not found, and which sources could not be asked. */
  look(reference: string): Promise<HubFinding>
  /** The item's `function.yaml` and its code as a file of this machine. */
  fetch(item: HubItem): Promise<HubFunction>
  /** The text of one of the item's files, by its name beside `function.yaml` or as one of its assets; undefined where there is none. */
  read(item: HubItem, name: string): Promise<string | undefined>
}

export type HubFinding =
  | { readonly item: HubItem }
  | { readonly item: undefined; readonly reason: AppError; readonly unreachable: readonly HubSource[] }

export interface HubSource {
  name: string
  description: string
  /** A folder, an http(s) address, or a Git repository (`git://…`, `https://….git#branch`). */
  path: string
  /** The second folder of MLRun's layout, usually `master`. */
  channel: string
  /** Always there. */
  isBuiltIn: boolean
}

export interface HubItem {
  source: string
  name: string
  description: string
  categories: string[]
  /** What was asked for: a version, or `latest`. */
  tag: string
  version: string
  versions: string[]
  kind: string
  handler: string | null
  requirements: string[]
  example: string | null
  labels: Record<string, string>
  /** Its files by what they are for (`function`, `source`, `docs`), as the catalogue tells: `src/function.yaml`. */
  assets: Record<string, string>
  /** Where its files are: a folder of this machine or an address, without a slash at the end. */
  location: string
  /** The folder or address of its source, outside of which none of its files lies. */
  root: string
  /** The Python file, where the catalogue says. */
  filename: string | null
}

export interface HubFunction {
  item: HubItem
  /** As `function.yaml` has it. */
  document: JsonObject
  /** Absolute; kept by its content. */
  script: string
  handler: string | null
  requirements: string[]
  /** The item's README or documentation, where there is one. */
  documentation: string | null
}
