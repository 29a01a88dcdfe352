import type { ArtifactKind } from '@trainyard/contract'

/** What a file that nobody has called anything is taken for, by its name. */
export const artifactKindOf = (path: string): ArtifactKind => {
  if (/\.(?:png|jpe?g|svg|html?|webp|gif)$/i.test(path)) return 'plot'
  return /\.(?:csv|parquet|tsv)$/i.test(path) ? 'table' : 'file'
}
