export interface ModelVersion {
  project: string
  name: string
  version: number
  source: string
  location: string
  runId: string | null
  artifactId: string | null
  description: string | null
  stage: string
  status: 'pending' | 'failed' | 'ready'
  statusMessage: string | null
  createdAtMs: number
  updatedAtMs: number
  createdBy: string
  tags: Record<string, string>
  aliases: string[]
}
export interface RegisteredModel {
  project: string
  name: string
  description: string | null
  createdAtMs: number
  updatedAtMs: number
  createdBy: string
  tags: Record<string, string>
  aliases: Record<string, number>
  latestVersions: ModelVersion[]
}
export interface RegistryEvent {
  id: number
  kind: string
  version: number | null
  key: string | null
  before: string | null
  after: string | null
  atMs: number
  by: string
  via: string
  reason: string | null
}
export interface ModelSnapshot {
  aliases: Record<string, number>
  versions: {
    version: number
    stage: string
    stageSinceMs: number
    stageBy: string
    stageReason: string | null
    aliases: string[]
  }[]
}
export interface ComparedVersions {
  versions: ModelVersion[]
  /** A section is missing when it is about runs and not every version has one. */
  sections: Partial<Record<string, { key: string; values: unknown[]; differs: boolean }[]>>
}
