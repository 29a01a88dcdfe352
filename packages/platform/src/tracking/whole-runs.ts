import type { Reader } from '../database/index.ts'
import { readDatasets } from './dataset-records.ts'
import { experimentsByNumber } from './experiment-records.ts'
import { readModelLinks } from './logged-model-records.ts'
import { loadWithPoints } from './run-loading.ts'
import type { WholeRun } from './tracking.ts'

/** As `loadRuns`, with what lies beside the records, from the same snapshot. */
export async function loadWholeRuns(reader: Reader, numbers: readonly number[]): Promise<WholeRun[]> {
  const [{ runs, points }, datasets, models] = await Promise.all([
    loadWithPoints(reader, numbers),
    readDatasets(reader, numbers),
    readModelLinks(reader, numbers),
  ])
  const experiments = await experimentsByNumber(
    reader,
    runs.map(({ experiment }) => experiment),
  )
  return runs.map(({ number, experiment, record }) => ({
    run: record,
    experiment: experiments.get(experiment)!,
    points: points.get(number) ?? [],
    datasets: datasets.get(number) ?? [],
    models: models.get(number) ?? [],
  }))
}
