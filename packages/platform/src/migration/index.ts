/**
 * Records that move between this and another system: taken from an MLflow server, its folder or its database, and given to one.
 *
 * A source (`source.ts`) gives records in our words, with its own ids, and files as streams; `import.ts` stores them, knows what has
 * been taken before, and reports what is not as it was. Nothing here knows who asked: flags and progress bars are those of `cli/`.
 *
 * Start with `source.ts`, then `import.ts`; `mlflow/` holds the three kinds of sources, `mlflow/open-source.ts` chooses among them.
 */
export { type Destination, type DestinationPlaces, importFrom, type ImportOptions } from './import.ts'
export { openMlflowSource, type OpenOptions } from './mlflow/open-source.ts'
export type { Difference, MigrationReport, RecordCount } from './report.ts'
export { exportTo } from './export.ts'
export type { ExportOptions, ExportOrigin } from './exporting.ts'
export { openRestTarget, type RestTarget } from './mlflow/rest-target.ts'
