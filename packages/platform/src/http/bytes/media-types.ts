import { extname } from 'node:path'

const types: Record<string, string> = {
  '.json': 'application/json',
  '.csv': 'text/csv',
  '.html': 'text/html',
  '.htm': 'text/html',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
  '.parquet': 'application/vnd.apache.parquet',
  '.mp4': 'video/mp4',
  '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg',
}
const plain = new Set([
  '.txt',
  '.log',
  '.md',
  '.yaml',
  '.yml',
  '.py',
  '.js',
  '.ts',
  '.cfg',
  '.conf',
  '.ini',
  '.toml',
  '.sh',
  '.r',
  '.sql',
  '.xml',
])
const plainNames = new Set(['MLmodel', 'MLproject', 'requirements.txt', 'Dockerfile'])

/** By the name's ending; what is text to a reader is plain text. */
export function mediaTypeOf(name: string): string {
  const extension = extname(name).toLowerCase()
  if (plain.has(extension) || plainNames.has(name)) return 'text/plain; charset=utf-8'
  return types[extension] ?? 'application/octet-stream'
}
