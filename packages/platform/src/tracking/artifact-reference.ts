/** Which artifact somebody means: `key[:tag][@runId][#iteration]`, the three in any order. */
export interface ArtifactReference {
  key: string
  tag?: string
  /** A run id, or its first digits. */
  runId?: string
  iteration?: number
}

const tagPattern = /^(.+):([^:@#/]+)$/su
const runPattern = /^(.+)@([^:@#/]+)$/su
const iterationPattern = /^(.+)#(\d{1,9})$/su

/**
 * Reads the parts from the end, each once at most; what is left is the key, which may hold any letters. Never fails: whether a key
 * that looks like a key with a tag is one is for the store to say.
 */
export function parseArtifactReference(text: string): ArtifactReference {
  const reference: ArtifactReference = { key: text }
  for (;;) {
    const tag = reference.tag === undefined ? tagPattern.exec(reference.key) : null
    const run = reference.runId === undefined ? runPattern.exec(reference.key) : null
    const iteration = reference.iteration === undefined ? iterationPattern.exec(reference.key) : null
    if (tag) reference.tag = tag[2]!
    else if (run) reference.runId = run[2]!
    else if (iteration) reference.iteration = Number(iteration[2])
    else return reference
    reference.key = (tag ?? run ?? iteration)![1]!
  }
}
