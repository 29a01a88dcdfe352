import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { defineAlias, definePromote } from '../models/change.ts'
import { defineCopy } from '../models/copy.ts'
import { defineDiff } from '../models/diff.ts'
import { defineHistory } from '../models/history.ts'
import { defineList } from '../models/list.ts'
import { defineRegister } from '../models/register.ts'
import { defineShow } from '../models/show.ts'
import { defineDescribe, defineRemove, defineRename, defineTag } from '../models/tend.ts'

export function define(command: Command, cli: Cli): void {
  defineList(command, cli)
  defineShow(command, cli)
  defineRegister(command, cli)
  definePromote(command, cli)
  defineAlias(command, cli)
  defineDiff(command, cli)
  defineHistory(command, cli)
  defineDescribe(command, cli)
  defineTag(command, cli)
  defineRename(command, cli)
  defineCopy(command, cli)
  defineRemove(command, cli)
}
