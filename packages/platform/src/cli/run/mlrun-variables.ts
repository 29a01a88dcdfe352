import type { ClientRun } from '../../execution/index.ts'

/** A process cannot be started with a longer variable; then the client asks for nothing and finds its parameters elsewhere. */
const largestConfigBytes = 100_000

/**
 * Variables that point MLRun's client at a run: `mlrun.get_or_create_ctx()` in its script is then this very run. One that carries a run
 * of its own (a job that MLRun's client asked for) keeps it.
 */
export function mlrunVariables(
  run: ClientRun,
  { url, token, set }: { url: string; token: string; set: NodeJS.ProcessEnv },
): Record<string, string> {
  const { project } = run
  return {
    MLRUN_DBPATH: url,
    MLRUN_HTTPDB__TOKEN: token,
    MLRUN_DEFAULT_PROJECT: project,
    MLRUN_ACTIVE_PROJECT: project,
    ...(set['MLRUN_EXEC_CONFIG'] ? ownConfig(run, set['MLRUN_EXEC_CONFIG']) : { MLRUN_EXEC_CONFIG: configOf(run) }),
  }
}

/** One that is carried out at times names no run of its own. */
function ownConfig({ id, outPath }: ClientRun, config: string): Record<string, string> {
  try {
    const run = JSON.parse(config) as { metadata?: { uid?: string }; spec?: object }
    if (run.metadata?.uid) return { MLRUN_EXEC_CONFIG: config }
    return {
      MLRUN_EXEC_CONFIG: JSON.stringify({
        ...run,
        metadata: { ...run.metadata, uid: id },
        spec: { output_path: outPath, ...run.spec },
      }),
    }
  } catch {
    // Not ours to read: the client says what is wrong with it.
    return {}
  }
}

function configOf({ id, parentId, iteration, name, project, parameters, inputs, outPath }: ClientRun): string {
  const metadata = { uid: iteration > 0 ? (parentId ?? id) : id, name, project, iteration, labels: { kind: 'local' } }
  const addresses = Object.fromEntries(Object.entries(inputs).map(([key, { url }]) => [key, url]))
  const config = JSON.stringify({ kind: 'run', metadata, spec: { parameters, inputs: addresses, output_path: outPath } })
  return Buffer.byteLength(config) <= largestConfigBytes
    ? config
    : JSON.stringify({ kind: 'run', metadata, spec: { output_path: outPath } })
}
