import type { S3Client } from '@aws-sdk/client-s3'
import { importOptional } from '../../base/optional-package.ts'

export type S3Module = typeof import('@aws-sdk/client-s3')

export interface S3Options {
  bucket: string
  /** A folder in the bucket, without a slash at its end; keys count from it. */
  prefix?: string
  /** `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `S3_ENDPOINT`, `AWS_REGION` and `AWS_DEFAULT_REGION` are read from here. */
  environment: Readonly<Record<string, string | undefined>>
  /** Default: the chain of the AWS SDK (environment, profiles, single sign-on, instance roles). */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** Where the state of unfinished uploads lies, so that a killed one goes on; without it, a failed upload starts over. */
  resumeDirectory?: string
  /** Objects above this size go up in parts of at least this size. Default 16 MiB, at least 5 MiB. */
  partSizeBytes?: number
}

export interface S3Connection {
  module: S3Module
  client: S3Client
}

/** Loads the SDK (about 90 ms) and makes a client; nothing is sent yet. */
export async function connectS3(options: S3Options): Promise<S3Connection> {
  const module = await importOptional(
    () => import('@aws-sdk/client-s3'),
    '@aws-sdk/client-s3 @aws-sdk/lib-storage',
    's3:// addresses',
  )
  const { environment } = options
  const endpoint = environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || environment['S3_ENDPOINT']
  // Without a region the SDK fails although servers other than Amazon's do not care about it.
  const region = environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || (endpoint ? 'us-east-1' : undefined)
  const client = new module.S3Client({
    // The SDK's default checksums make streamed uploads wrong, without an error, on several servers that speak S3.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: true,
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(options.credentials ? { credentials: options.credentials } : {}),
  })
  return { module, client }
}
