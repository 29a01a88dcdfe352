import type { RunRecord } from './run.ts'

/** The iterations whose results sweeps among these stand with. */
export const bestRunIds = (runs: readonly RunRecord[]): string[] => runs.flatMap(({ sweep }) => sweep?.bestRunId ?? [])

/** A sweep stands with the parameters of its best iteration, as it does with that one's results. */
export const withBestParameters = (runs: readonly RunRecord[], best: readonly RunRecord[]): RunRecord[] =>
  runs.map((run) => ({
    ...run,
    parameters: { ...run.parameters, ...best.find(({ id }) => id === run.sweep?.bestRunId)?.parameters },
  }))
