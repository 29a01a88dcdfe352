import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { defineBuild } from '../functions/build.ts'
import { defineExport, defineImport } from '../functions/exchange.ts'
import { defineDiff, defineList, defineShow } from '../functions/look.ts'
import { defineNew } from '../functions/new.ts'
import { defineRun } from '../functions/run.ts'
import { defineRemove, defineTag } from '../functions/tend.ts'

export function define(command: Command, cli: Cli): void {
  defineNew(command, cli)
  defineRun(command, cli)
  defineBuild(command, cli)
  defineList(command, cli)
  defineShow(command, cli)
  defineDiff(command, cli)
  defineTag(command, cli)
  defineImport(command, cli)
  defineExport(command, cli)
  defineRemove(command, cli)
}
