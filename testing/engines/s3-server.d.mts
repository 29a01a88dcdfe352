export interface S3TestServer {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  region: string
  /** Holds one folder per bucket; objects are plain files in it. */
  folder: string
  stop(): Promise<void>
}
export function s3ServerProblem(): string | undefined
export function ensureS3Server(log?: (line: string) => void): string
export function startS3Server(options?: { buckets?: string[]; log?: (line: string) => void }): Promise<S3TestServer>
