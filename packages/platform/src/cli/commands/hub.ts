import { AppError, countOf } from '@trainyard/contract'
import type { Command } from 'commander'
import type { HubItem } from '../../hub/index.ts'
import type { Cli } from '../cli.ts'
import { addExamples } from '../examples.ts'
import { openHub } from '../hub/hub-session.ts'
import { renderPairs, renderTable } from '../output/table.ts'
import { visible, visibleLines } from '../output/visible.ts'

export function define(command: Command, cli: Cli): void {
  defineList(command, cli)
  defineSearch(command, cli)
  defineShow(command, cli)
  defineSources(command, cli)
}

const itemColumns = [
  { header: 'function', shrinkTo: 12 },
  { header: 'version' },
  { header: 'hub' },
  { header: 'about', shrinkTo: 20 },
] as const

async function printItems(cli: Cli, { items, unreachable }: { items: HubItem[]; unreachable: string[] }): Promise<void> {
  if (cli.globals.json) return cli.printJson({ items, unreachable })
  for (const sentence of unreachable) cli.warn(visible(sentence))
  if (cli.globals.quiet)
    return items.length === 0 ? undefined : cli.print(items.map(({ source, name }) => `${source}/${name}`).join('\n'))
  if (items.length === 0) return cli.note('No function of any hub fits.')
  const rows = items.map(({ name, version, source, description }) => [
    visible(name),
    visible(version),
    visible(source),
    visible(description),
  ])
  await cli.print(renderTable(itemColumns, rows, { width: cli.width, style: cli.style }).join('\n'))
}

function defineList(command: Command, cli: Cli): void {
  const ls = command
    .command('ls')
    .description('List the functions of a hub, of our own shelf unless one is named.')
    .argument('[hub]', 'its name', 'trainyard')
    .option('--all', 'of every hub')
    .option('--sources', 'the hubs themselves')
    .action(async (source: string, options: { all?: boolean; sources?: boolean }) => {
      await using opened = await openHub(cli)
      if (options.sources !== true) return await printItems(cli, await opened.hub.list(options.all === true ? {} : { source }))
      const sources = await opened.hub.sources()
      if (cli.globals.json) return await cli.printJson({ sources })
      const rows = sources.map(({ name, path, description }) => [visible(name), visible(path), visible(description)])
      const columns = [{ header: 'hub' }, { header: 'path', shrinkTo: 20 }, { header: 'about', shrinkTo: 12 }] as const
      await cli.print(renderTable(columns, rows, { width: cli.width, style: cli.style }).join('\n'))
    })
  addExamples(ls, cli, [
    ['trainyard hub ls', 'our own shelf'],
    ['trainyard hub ls default', 'MLRun’s public hub'],
    ['trainyard hub ls --sources', 'the hubs, in the order they are looked through'],
  ])
}

function defineSearch(command: Command, cli: Cli): void {
  const search = command
    .command('search')
    .description('Find functions by words of their names, descriptions and categories, in every hub that can be reached.')
    .argument('<words...>', 'all must occur')
    .option('--hub <name>', 'only in this one')
    .action(async (words: string[], options: { hub?: string }) => {
      await using opened = await openHub(cli)
      const where = options.hub === undefined ? {} : { source: options.hub }
      await printItems(cli, await opened.hub.list({ ...where, search: words.join(' ') }))
    })
  addExamples(search, cli, [['trainyard hub search feature --hub trainyard', 'what deals with features']])
}

function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('Show what a function of a hub does, its parameters and how to run it.')
    .argument('<function>', 'name, hub/name or name:version')
    .option('--code', 'its code instead')
    .action(async (reference: string, options: { code?: boolean }) => {
      await using opened = await openHub(cli)
      const item = await opened.hub.find(reference)
      const found = await opened.hub.fetch(item)
      if (cli.globals.json) return await cli.printJson({ ...item, document: found.document, documentation: found.documentation })
      if (options.code === true) {
        const { readFileSync } = await import('node:fs')
        return await cli.write(readFileSync(found.script))
      }
      const pairs = [
        ['function', cli.style.bold(visible(`hub://${item.source}/${item.name}:${item.version}`))],
        ['versions', visible(item.versions.join(', '))],
        ['categories', visible(item.categories.join(', '))],
        ['handler', visible(found.handler ?? '')],
        ['needs', visible(found.requirements.join(', '))],
      ] as const
      await cli.print(
        renderPairs(
          pairs.filter(([, value]) => value !== ''),
          cli.style,
        ).join('\n'),
      )
      await cli.print(`\n${visibleLines(found.documentation ?? item.description)}`)
    })
  addExamples(show, cli, [
    ['trainyard hub show describe', 'what it is for, and its parameters'],
    ['trainyard hub show describe --code', 'how it does it'],
  ])
}

function defineSources(command: Command, cli: Cli): void {
  const add = command
    .command('add')
    .description('Add a hub: a folder, an address or a Git repository in MLRun’s layout, or a plain folder of functions.')
    .argument('<name>', 'what it is called from now on')
    .argument('<path>', 'a folder, https://…, or git://…#branch')
    .option('--channel <name>', 'the second folder of MLRun’s layout', 'master')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, path: string, options: { channel: string; description?: string }) => {
      await using opened = await openHub(cli, { create: true })
      const { resolve } = await import('node:path')
      const isLocal = !/^[a-z][a-z0-9+.-]+:\/\//i.test(path) && !path.endsWith('.git')
      const source = await opened.hub.add({
        name,
        path: isLocal ? resolve(cli.workingDirectory, path) : path,
        channel: options.channel,
        ...(options.description === undefined ? {} : { description: options.description }),
      })
      if (cli.globals.json) return await cli.printJson(source)
      const { items } = await opened.hub.list({ source: name })
      cli.note(`Added the hub ${name} with ${countOf(items.length, 'function')}; it is looked through first.`)
    })
  addExamples(add, cli, [
    ['trainyard hub add team ./functions', 'a folder with a function.yaml in each of its folders'],
    ['trainyard hub add team https://example.org/hub --channel development', 'MLRun’s layout on the web'],
  ])
  const rm = command
    .command('rm')
    .description('Forget a hub. Its functions stay where they are.')
    .argument('<name>', 'its name')
    .action(async (name: string) => {
      await using opened = await openHub(cli)
      if (name === '') throw new AppError('invalid_argument', 'Name the hub.')
      await opened.hub.remove(name)
      if (cli.globals.json) return await cli.printJson({ removed: name })
      cli.note(`Forgot the hub ${name}.`)
    })
  addExamples(rm, cli, [['trainyard hub rm team', 'runs of its functions keep their code']])
}
