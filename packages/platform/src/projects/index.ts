/**
 * Projects as folders: `project.yaml` in MLRun's format, the functions and artifacts it names, `project_setup.py`, archives and Git, and
 * what differs between a folder and the records.
 *
 * The document itself belongs to the project's record (`tracking/`), functions are `functions/`'; this brings them in and writes them out. It
 * runs nothing but `project_setup.py`. Start with `project-file.ts` (the format), then `take-project.ts` (in) and `write-project.ts` (out).
 */
export { packProject } from './pack-project.ts'
export { type ProjectFile, printProjectFile, projectFileName, readProjectFile } from './project-file.ts'
export { withPortableArtifacts } from './listed-artifact.ts'
export { compareFolder, type ProjectDifference } from './compare-folder.ts'
export { runSetup } from './run-setup.ts'
export { type Grounds, takeProject, type TakenProject } from './take-project.ts'
export { writeProject, type WritePlace } from './write-project.ts'
