/** The secrets of projects. Every write is durable when its promise resolves. */
export interface ProjectSecrets {
  /**
   * Adds secrets and replaces those of the same name, all or none; makes the project when it is missing. `invalid_argument` for a name
   * no variable and no file can have, or for a value that is no text, `permission_denied` for names that begin with `mlrun.`.
   */
  set(project: string, secrets: Readonly<Record<string, string>>): Promise<void>
  /** By name; never the values. */
  list(project: string): Promise<SecretName[]>
  /** Those of these names, or all. Names that are not there are passed over. The names that were removed. */
  remove(project: string, names?: readonly string[]): Promise<string[]>
  /** For a run of the project, and for nobody else. `storage` when they were sealed with another key. */
  open(project: string): Promise<Record<string, string>>
}

export interface SecretName {
  name: string
  createdAtMs: number
  updatedAtMs: number
}
