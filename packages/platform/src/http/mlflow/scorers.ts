import { isAppError } from '@trainyard/contract'
import type { Scorers, ScorerSampling, ScorerVersion } from '../../evaluation/index.ts'
import { invalid, missing } from './errors.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { present } from './run-view.ts'
import { parseTraceFilter } from './trace-filter.ts'
import { checkDepth, double, idText, integer, list, message, required, text } from './wire.ts'

const named = { experiment_id: idText, name: text }

/** Scorers are kept as their clients wrote them; nothing here runs one. */
export const scorerRoutes: readonly Route[] = [
  route(
    'POST',
    'scorers/register',
    message({ ...named, serialized_scorer: text }),
    ({ evaluation }, request) =>
      answering(async () => {
        const body = required(request.serialized_scorer, 'serialized_scorer')
        const [experimentId, name] = [required(request.experiment_id, 'experiment_id'), required(request.name, 'name')]
        checkScorer(body)
        const scorer = await evaluation.scorers.register({ experimentId, name, body })
        return {
          version: scorer.version,
          scorer_id: scorer.scorerId,
          experiment_id: scorer.experimentId,
          name: scorer.name,
          serialized_scorer: scorer.body,
          creation_time: scorer.createdAtMs,
        }
      }),
    '3.0',
  ),
  route(
    'GET',
    'scorers/list',
    message({ experiment_id: idText, experiment_ids: list(idText) }),
    (context, { experiment_id, experiment_ids }, { project }) =>
      answering(async () => {
        if (experiment_id && experiment_ids)
          throw invalid(
            "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the query to multiple experiments, or 'experiment_id' to scope it to a single experiment.",
          )
        const ids = experiment_id ? [await activeExperiment(context, experiment_id)] : experiment_ids
        const scorers = await context.evaluation.scorers.newest(await activeOnly(context, ids, project))
        return { scorers: present(scorers.map(toScorer)) }
      }),
    '3.0',
  ),
  route(
    'GET',
    'scorers/versions',
    message(named),
    ({ evaluation }, { experiment_id, name }) =>
      answering(async () => {
        const found = await evaluation.scorers.versions(required(experiment_id, 'experiment_id'), required(name, 'name'))
        return { scorers: found.map(toScorer) }
      }),
    '3.0',
  ),
  route(
    'GET',
    'scorers/get',
    message({ ...named, version: integer }),
    ({ evaluation }, { experiment_id, name, version }) =>
      answering(async () => {
        const of = [required(experiment_id, 'experiment_id'), required(name, 'name')] as const
        return { scorer: toScorer(await evaluation.scorers.get(...of, version)) }
      }),
    '3.0',
  ),
  route(
    'DELETE',
    'scorers/delete',
    message({ ...named, version: integer }),
    ({ evaluation }, { experiment_id, name, version }) =>
      answering(async () => {
        await evaluation.scorers.delete(required(experiment_id, 'experiment_id'), required(name, 'name'), version)
        return {}
      }),
    '3.0',
  ),
  route(
    'GET',
    'scorers/online-configs',
    message({ scorer_ids: list(text) }),
    async ({ evaluation }, { scorer_ids }) => ({
      configs: (await evaluation.scorers.samplings(required(scorer_ids, 'scorer_ids'))).map(toSampling),
    }),
    '3.0',
  ),
  route(
    'PUT',
    'scorers/online-config',
    message({ ...named, sample_rate: double, filter_string: text }),
    ({ evaluation }, request) =>
      answering(async () => {
        const [experimentId, name] = [required(request.experiment_id, 'experiment_id'), required(request.name, 'name')]
        const rate = required(request.sample_rate, 'sample_rate')
        await checkSampling(evaluation.scorers, { experimentId, name, rate, filter: request.filter_string ?? '' })
        const kept = await evaluation.scorers.setSampling(experimentId, name, { rate, filter: request.filter_string || null })
        return { config: toSampling(kept) }
      }),
    '3.0',
  ),
]

async function answering(handler: () => Promise<object>): Promise<object> {
  try {
    return await handler()
  } catch (error) {
    if (!isAppError(error)) throw error
    const { record, id, name, experimentId, version } = error.details
    if (error.code === 'not_found' && record === 'scorer')
      throw missing(
        `Scorer with name '${String(name)}' ${typeof version === 'number' ? `and version ${version} ` : ''}not found for experiment ${String(experimentId)}.`,
      )
    if (error.code === 'not_found' && record === 'experiment') throw missing(`No Experiment with id=${String(id)} exists`)
    if (error.code === 'failed_precondition' && record === 'experiment')
      throw invalid(`The experiment ${String(id)} must be in the 'active' state. Current state is deleted.`)
    throw error
  }
}

/** A scorer is a JSON object, and none that carries a program: whoever loads one would run it. */
function checkScorer(body: string): void {
  checkDepth(body)
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw invalid('serialized_scorer must be valid JSON')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw invalid('serialized_scorer must be a JSON object')
  if (carriesProgram(parsed))
    throw invalid(
      'Custom scorer registration (using @scorer decorator) is not supported: its program would run wherever it is loaded. Keep it in your source code, or use built-in scorers or make_judge().',
    )
}

const carriesProgram = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ((Object.hasOwn(value, 'call_source') && (value as { call_source: unknown }).call_source !== null) ||
    Object.values(value).some(carriesProgram))

async function checkSampling(
  scorers: Scorers,
  { experimentId, name, rate, filter }: { experimentId: string; name: string; rate: number; filter: string },
): Promise<void> {
  if (!(rate >= 0 && rate <= 1)) throw invalid(`sample_rate must be between 0.0 and 1.0, got ${rate}`)
  parseTraceFilter(filter)
  await scorers.get(experimentId, name)
  // Judging by itself takes a gateway to a language model, which this server has not.
  if (rate > 0)
    throw invalid(
      `Scorer '${name}' does not use a gateway model. Automatic evaluation is only supported for scorers that use gateway models.`,
    )
}

async function activeExperiment({ tracking }: MlflowContext, id: string): Promise<string> {
  const found = await tracking.experiments.find(id)
  if (!found) throw missing(`No Experiment with id=${id} exists`)
  if (found.trashedAtMs !== null) throw invalid(`The experiment ${id} must be in the 'active' state. Current state is deleted.`)
  return id
}

/** Of these experiments, or of all of the project, those that are not in the trash. */
async function activeOnly({ tracking }: MlflowContext, ids: readonly string[] | undefined, project: string): Promise<string[]> {
  if (ids === undefined) {
    const all: string[] = []
    let cursor: string | undefined
    do {
      const page = await tracking.experiments.search({ project, limit: 1_000, ...(cursor === undefined ? {} : { cursor }) })
      all.push(...page.experiments.map(({ id }) => id))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    return all
  }
  const found = await Promise.all(ids.map((id) => tracking.experiments.find(id)))
  return found.flatMap((experiment) => (experiment && experiment.trashedAtMs === null ? [experiment.id] : []))
}

const toScorer = (scorer: ScorerVersion): object => ({
  experiment_id: Number(scorer.experimentId),
  scorer_name: scorer.name,
  scorer_version: scorer.version,
  serialized_scorer: scorer.body,
  creation_time: scorer.createdAtMs,
  scorer_id: scorer.scorerId,
})

const toSampling = (sampling: ScorerSampling): object => ({
  online_scoring_config_id: sampling.id,
  scorer_id: sampling.scorerId,
  sample_rate: sampling.rate,
  experiment_id: sampling.experimentId,
  ...(sampling.filter === null ? {} : { filter_string: sampling.filter }),
})
