import { isAppError } from '@trainyard/contract'
import { tag } from './experiments.ts'
import { invalid, missing } from './errors.ts'
import { type MlflowContext, type Route, route } from './route.ts'
import { getRun, runDeleted } from './runs.ts'
import { checkLength, checkRunId } from './validation.ts'
import { integer, list, message, type MessageOf, required, text } from './wire.ts'

const datasetFields = { name: text, digest: text, source_type: text, source: text, schema: text, profile: text }
const inputFields = { tags: list(tag), dataset: message(datasetFields) }

export const inputRoutes: readonly Route[] = [
  route(
    'POST',
    'runs/log-inputs',
    message({ run_id: text, datasets: list(message(inputFields)), models: list(message({ model_id: text })) }),
    async (context, { run_id, datasets = [], models = [] }) => {
      const inputs = datasets.map(toInput)
      const links = models.map(({ model_id }, at) => ({
        modelId: required(model_id, `models[${at}].model_id`),
        direction: 'input' as const,
        step: 0,
      }))
      const id = await getActiveRunId(context, checkRunId(required(run_id, 'run_id')))
      if (inputs.length > 0) await context.tracking.datasets.add(id, inputs)
      if (links.length > 0) await linked(context.tracking.loggedModels.link(id, links))
      return {}
    },
  ),
  route(
    'POST',
    'runs/outputs',
    message({ run_id: text, models: list(message({ model_id: text, step: integer })) }),
    async (context, { run_id, models = [] }) => {
      const links = models.map(({ model_id, step }, at) => ({
        modelId: required(model_id, `models[${at}].model_id`),
        direction: 'output' as const,
        step: step ?? 0,
      }))
      const id = await getActiveRunId(context, checkRunId(required(run_id, 'run_id')))
      await linked(context.tracking.loggedModels.link(id, links))
      return {}
    },
  ),
]

async function getActiveRunId(context: MlflowContext, runId: string): Promise<string> {
  const run = await getRun(context, runId)
  if (run.trashedAtMs !== null) throw runDeleted(run.id)
  return run.id
}

async function linked(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (isAppError(error, 'not_found') && typeof error.details['modelId'] === 'string')
      throw missing(`Logged model with ID '${error.details['modelId']}' not found.`)
    throw error
  }
}

function toInput({ tags = [], dataset }: MessageOf<typeof inputFields>, at: number) {
  const path = `datasets[${at}]`
  if (!dataset)
    throw invalid(
      `Missing value for required parameter '${path}.dataset'. See the API docs for more information about request parameters.`,
    )
  const { name, digest, source_type, source, schema, profile } = dataset
  const input = {
    name: required(name, `${path}.dataset.name`),
    digest: required(digest, `${path}.dataset.digest`),
    sourceType: required(source_type, `${path}.dataset.source_type`),
    source: required(source, `${path}.dataset.source`),
    schema: schema ?? null,
    profile: profile ?? null,
    tags: Object.fromEntries(
      tags.map(({ key, value }, index) => {
        const tagKey = required(key, `${path}.tags[${index}].key`)
        checkLength(tagKey, `${path}.tags[${index}].key`, 255)
        checkLength(value ?? '', `${path}.tags[${index}].value`, 500)
        return [tagKey, value ?? '']
      }),
    ),
  }
  checkLength(input.name, `${path}.dataset.name`, 500)
  checkLength(input.digest, `${path}.dataset.digest`, 36)
  checkLength(input.source, `${path}.dataset.source`, 65_535)
  checkLength(input.schema ?? '', `${path}.dataset.schema`, 1_048_575)
  checkLength(input.profile ?? '', `${path}.dataset.profile`, 16_777_215)
  return input
}
