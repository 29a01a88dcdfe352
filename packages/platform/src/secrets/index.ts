/**
 * Secrets of projects: values that runs of a project get and that nobody else is ever shown.
 *
 * They lie sealed in the database (`base/secret-box.ts`): whoever has the database alone learns nothing. It is not what hands them to
 * a process (that is `execution/`), and not the secrets a single run brings along (`-s file=…`).
 *
 * Start with `secrets.ts` (the promises); `secret-variables.ts` says under which names MLRun's client looks for them.
 */
export { createProjectSecrets } from './create-secrets.ts'
export { secretVariables } from './secret-variables.ts'
export type { ProjectSecrets, SecretName } from './secrets.ts'
