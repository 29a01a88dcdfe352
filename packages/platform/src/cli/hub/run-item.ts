import type { Cli } from '../cli.ts'
import type { RunOptions } from '../run/run-options.ts'
import { openHub } from './hub-session.ts'

/** Lays an item of a hub out, and what `run` does with it: its file, and options that it has and the user did not give. */
export async function runItem(cli: Cli, reference: string, options: RunOptions): Promise<{ file: string; options: RunOptions }> {
  await using opened = await openHub(cli)
  const item = await opened.hub.find(reference)
  const { script, handler, requirements } = await opened.hub.fetch(item)
  const chosen = options.handler ?? handler ?? undefined
  return {
    file: script,
    options: {
      ...options,
      name: options.name ?? (chosen === undefined || chosen === item.name ? item.name : `${item.name}-${chosen}`),
      label: [...options.label, `function=hub://${item.source}/${item.name}:${item.version}`],
      ...(chosen === undefined ? {} : { handler: chosen }),
      ...(options.requirements === undefined && requirements.length > 0 ? { requirements: requirements.join(',') } : {}),
    },
  }
}
