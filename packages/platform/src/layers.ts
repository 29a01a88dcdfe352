import { dirname, join } from 'node:path/posix'

/** Rows of this folder, top to bottom. A folder imports only from rows below its own; neighbours in a row do not know each other. */
export const rows: readonly (readonly string[])[] = [
  ['cli'],
  ['http'],
  ['schedules'],
  ['jobs', 'projects'],
  ['tuning', 'upkeep', 'builds', 'hub'],
  ['execution', 'migration', 'remote', 'functions'],
  ['tracking', 'registry', 'traces', 'evaluation', 'webhooks', 'definitions', 'secrets', 'notifications'],
  ['deliveries'],
  ['database', 'objects'],
  ['base'],
]

/** Path relative to `src`, with `/`, to the file's text. */
export type SourceFiles = ReadonlyMap<string, string>

const importPattern = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]+)['"]/g

/** Relative imports of a file, as paths relative to `src`. Imports of types count: they too make one folder know another. */
function importsOf(path: string, text: string): string[] {
  return Array.from(text.matchAll(importPattern), ([, target = '']) => join(dirname(path), target))
}

const topOf = (path: string): string => path.split('/')[0] ?? ''

/** Every import that goes up or sideways, comes from nowhere, or enters a folder's own index from inside. */
export function layerViolations(files: SourceFiles, layers: readonly (readonly string[])[]): string[] {
  const rank = new Map(layers.flatMap((names, row) => names.map((name) => [name, row] as const)))
  const found: string[] = []
  for (const [path, text] of files) {
    for (const target of importsOf(path, text)) {
      const [from, to] = [topOf(path), topOf(target)]
      const [fromRank, toRank] = [rank.get(from), rank.get(to)]
      // The product's own name and version are read from there.
      if (target === '../package.json') continue
      if (target.startsWith('..')) found.push(`${path} reaches out of the sources: ${target}`)
      else if (fromRank === undefined || toRank === undefined)
        found.push(`${path}: there is no row for ${fromRank === undefined ? from : to}`)
      else if (from !== to && fromRank >= toRank) found.push(`${path} imports ${target}, which is not below it`)
      else if (target === join(dirname(path), 'index.ts') && !path.endsWith('index.ts'))
        found.push(`${path} imports its own folder's index`)
      else if (!files.has(target)) found.push(`${path} imports ${target}, which does not exist`)
    }
  }
  return found
}

/** Imports that vanish when compiled make no cycle at run time. */
const withoutTypeImports = (text: string): string => text.replace(/\b(?:import|export)\s+type\s[^'"]*from\s*['"][^'"]+['"]/g, '')

/** Groups of files that all reach one another through imports of values, each group sorted. */
export function importCycles(files: SourceFiles): string[][] {
  const targets = new Map(
    Array.from(files, ([path, text]) => [path, importsOf(path, withoutTypeImports(text)).filter((target) => files.has(target))]),
  )
  return stronglyConnected(targets).filter((group) => group.length > 1 || targets.get(group[0] ?? '')?.includes(group[0] ?? ''))
}

/** Tarjan's algorithm: groups of nodes that all reach one another. */
function stronglyConnected(targets: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const groups: string[][] = []
  const visit = (node: string): void => {
    order.set(node, order.size)
    lowest.set(node, order.size - 1)
    stack.push(node)
    for (const target of targets.get(node) ?? []) {
      if (!order.has(target)) visit(target)
      if (stack.includes(target)) lowest.set(node, Math.min(lowest.get(node) ?? 0, lowest.get(target) ?? 0))
    }
    if (lowest.get(node) !== order.get(node)) return
    groups.push(stack.splice(stack.indexOf(node)).sort())
  }
  for (const node of targets.keys()) if (!order.has(node)) visit(node)
  return groups
}
