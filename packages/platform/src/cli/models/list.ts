import { AppError } from '@trainyard/contract'
import type { Command } from 'commander'
import type { ModelClause, RegisteredModel } from '../../registry/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { parseCount } from '../option-values.ts'
import { formatAge } from '../output/format.ts'
import { renderTable } from '../output/table.ts'
import { visible } from '../output/visible.ts'
import { collect } from './tag-options.ts'
import { openModels } from './model-session.ts'

interface ListOptions {
  name?: string
  tag?: string[]
  limit?: string
}

const defaultLimit = 50

export function defineList(command: Command, cli: Cli): void {
  const ls = command
    .command('ls')
    .description('List registered models: their newest version, what is in which stage, aliases.')
    .option('--name <pattern>', 'only names like this; % stands for any text, whatever the case')
    .option('-t, --tag <key[=value]>', 'only with this tag; may be repeated', collect)
    .option('-n, --limit <count>', `how many (default: ${defaultLimit})`)
    .action(async (options: ListOptions) => {
      const limit = options.limit === undefined ? defaultLimit : parseCount(options.limit, '--limit')
      await using session = await openModels(cli)
      const clauses = [...(options.name === undefined ? [] : [nameLike(options.name)]), ...(options.tag ?? []).map(tagClause)]
      const { models, next } = await session.registry.models.search({ project: session.project, clauses, limit })
      if (cli.globals.json) return cli.printJson({ models })
      if (cli.globals.quiet) return models.length === 0 ? undefined : cli.print(models.map((model) => model.name).join('\n'))
      if (models.length === 0) return cli.note('There are no registered models.')
      await cli.print(renderModels(cli, models))
      if (next !== null) cli.note(cli.style.dim('There are more: --limit shows them.'))
    })
  addExamples(ls, cli, [
    ['trainyard models ls', 'all of the project'],
    ["trainyard models ls --name 'iris%' --tag team=vision", 'by name and tag'],
  ])
}

const nameLike = (pattern: string): ModelClause => ({ field: 'name', condition: { operator: 'ilike', value: pattern } })

function tagClause(text: string): ModelClause {
  const equals = text.indexOf('=')
  const key = equals < 0 ? text : text.slice(0, equals)
  if (key === '') throw new AppError('invalid_argument', `--tag takes key or key=value; '${text}' has no key.`)
  const condition =
    equals < 0 ? ({ operator: 'like', value: '%' } as const) : ({ operator: '=', value: text.slice(equals + 1) } as const)
  return { field: 'tag', key, condition }
}

const columns = [
  { header: 'model', shrinkTo: 10 },
  { header: 'newest', align: 'right' },
  { header: 'stages', shrinkTo: 10 },
  { header: 'aliases', shrinkTo: 8, optional: true },
  { header: 'changed', align: 'right' },
  { header: 'description', shrinkTo: 10, optional: true },
] as const

function renderModels(cli: Cli, models: readonly RegisteredModel[]): string {
  const rows = models.map((model) => [
    { text: visible(model.name), style: cli.style.cyan },
    String(model.latestVersions.at(-1)?.version ?? ''),
    model.latestVersions
      .filter((version) => version.stage !== 'None' && version.stage !== 'Archived')
      .map((version) => `${version.stage} ${version.version}`)
      .join(', '),
    Object.entries(model.aliases)
      .map(([alias, version]) => `@${alias} ${version}`)
      .join(', '),
    formatAge(model.updatedAtMs, cli.nowMs()),
    visible(model.description?.split('\n')[0] ?? ''),
  ])
  return renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n')
}
