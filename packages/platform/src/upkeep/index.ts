/**
 * What concerns records and their bytes at once: emptying the trash, runs as files, how much there is.
 *
 * It decides nothing about runs and knows no wire format; the records keep their own rules. The command line and the server both use
 * it, so that a thing is done one way.
 *
 * Start with `holdings.ts` (what it works on), then `empty-trash.ts` and `portable-runs.ts`.
 */
export { emptyTrash, type Freed, liesIn } from './empty-trash.ts'
export { type Figures, figuresOf } from './figures.ts'
export { type Holdings, outputFolder } from './holdings.ts'
export { artifactReader, portablePlaces } from './portable-runs.ts'
export { splitRegistered } from './registered-runs.ts'
export { sizeOfRuns } from './run-size.ts'
export { checkRemoval, contentsOfProject, type DeletionStrategy, type ProjectContents, removeProject } from './remove-project.ts'
