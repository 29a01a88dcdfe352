import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { defineBackup, defineRestore } from '../db/backup.ts'
import { defineMove } from '../db/move.ts'
import { defineUpgrade } from '../db/upgrade.ts'

export function define(command: Command, cli: Cli): void {
  defineUpgrade(command, cli)
  defineBackup(command, cli)
  defineRestore(command, cli)
  defineMove(command, cli)
}
