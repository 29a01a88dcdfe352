import type { EntryPoint } from '@trainyard/contract/function'
import type { FunctionVersion } from '../../functions/index.ts'
import type { Cli } from '../cli.ts'
import { formatAge } from '../output/format.ts'
import { visible } from '../output/visible.ts'

/** Tells what was kept: the version with `--json`, its address with `--quiet`. */
export async function tellSaved(cli: Cli, version: FunctionVersion): Promise<void> {
  if (cli.globals.json) return await cli.printJson(version)
  if (cli.globals.quiet) return await cli.print(version.reference)
  const handlers = Object.keys(version.spec.entryPoints ?? {})
  await cli.print(
    [
      `${cli.style.bold(visible(version.name))} ${cli.style.dim(version.hash.slice(0, 8))} ${version.tags.join(', ')}`,
      ...(handlers.length === 0 ? [] : [`  handlers: ${visible(handlers.join(', '))}`]),
    ].join('\n'),
  )
  cli.note(
    cli.errorStyle.dim(
      `${cli.config.programName} function run ${visible(version.name)}${version.project === 'default' ? '' : ` --project ${visible(version.project)}`}`,
    ),
  )
}

/** Everything about a version, for people. */
export function functionPage(cli: Cli, version: FunctionVersion): string {
  const { style } = cli
  const { spec } = version
  const amounts = (values: Record<string, unknown> | undefined): string =>
    Object.entries(values ?? {})
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')
  const rows: [string, string | undefined][] = [
    ['version', `${version.hash}${version.isVersioned ? '' : ' (kept without versions)'}`],
    ['tags', version.tags.join(', ')],
    ['kind', version.kind],
    ['changed', formatAge(version.updatedAtMs, cli.nowMs())],
    ['description', spec.description],
    ['categories', spec.categories?.join(', ')],
    ['labels', amounts(spec.labels)],
    ['source', spec.source],
    ['command', spec.command],
    ['handler', spec.handler],
    ['code', spec.code === undefined ? undefined : `${spec.codeFile ?? 'embedded'}, ${spec.code.split('\n').length} lines`],
    ['image', spec.image],
    ['base image', spec.baseImage],
    ['requirements', spec.requirements?.join(', ')],
    ['commands', spec.commands?.join('; ')],
    ['requests', amounts(spec.resources?.requests)],
    ['limits', amounts(spec.resources?.limits)],
    ['replicas', spec.replicas === undefined ? minMax(spec.minReplicas, spec.maxReplicas) : String(spec.replicas)],
    ['node', [spec.nodeName, amounts(spec.nodeSelector)].filter(Boolean).join(', ')],
    ['priority', spec.priority],
    ['preemption', spec.preemption],
    ['retries', spec.retries === undefined ? undefined : String(spec.retries.count)],
    ['timeouts', amounts(spec.timeouts)],
    // Values of variables are often secrets of some kind.
    ['variables', Object.keys(spec.environment ?? {}).join(', ')],
    ['parameters', amounts(spec.parameters)],
    ['build', typeof version.status?.['state'] === 'string' ? version.status['state'] : undefined],
  ]
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '')
  const lines = shown.map(([title, text]) => `${style.dim(title.padEnd(13))} ${visible(text)}`)
  const points = Object.values(spec.entryPoints ?? {}).flatMap((point) => entryLines(cli, point))
  return [`${style.bold(visible(version.name))}  ${style.dim(visible(version.reference))}`, ...lines, ...points].join('\n')
}

const minMax = (least: number | undefined, most: number | undefined): string | undefined =>
  most === undefined ? undefined : `${least ?? 0} to ${most}`

function entryLines({ style }: Cli, { name, doc, parameters, outputs = [] }: EntryPoint): string[] {
  const signature = parameters.map((parameter) => parameter.name).join(', ')
  return [
    '',
    `${style.cyan(visible(name))}(${visible(signature)})${outputs[0]?.type === undefined ? '' : ` → ${visible(outputs[0].type)}`}`,
    ...(doc === undefined ? [] : [`  ${visible(doc.split('\n')[0] ?? '')}`]),
    ...parameters
      .filter((parameter) => parameter.doc !== undefined || parameter.type !== undefined || 'default' in parameter)
      .map((parameter) => {
        const type = parameter.type === undefined ? '' : ` ${style.dim(visible(parameter.type))}`
        const value = 'default' in parameter ? ` = ${visible(JSON.stringify(parameter.default))}` : ''
        return `  ${visible(parameter.name)}${type}${value}${parameter.doc === undefined ? '' : `  ${visible(parameter.doc)}`}`
      }),
  ]
}
