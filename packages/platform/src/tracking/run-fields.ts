import type { RunAttribute, RunField } from '@trainyard/contract'
import { type RawBuilder, sql } from 'kysely'

const columns: Record<RunAttribute, RawBuilder<unknown>> = {
  id: sql`r.id`,
  name: sql`r.name`,
  project: sql`(select name from projects where number = r.project)`,
  experiment: sql`(select name from experiments where number = r.experiment)`,
  kind: sql`r.kind`,
  state: sql`r.state`,
  owner: sql`r.owner`,
  host: sql`r.host`,
  parent: sql`(select id from runs where number = r.parent)`,
  iteration: sql`r.iteration`,
  created: sql`r.created_at`,
  started: sql`r.started_at`,
  ended: sql`r.ended_at`,
  duration: sql`(r.ended_at - r.started_at)`,
}

/** An attribute of the table `runs as r`; null when the run has none. */
export const attributeColumn = <Value>(name: RunAttribute): RawBuilder<Value | null> => columns[name] as RawBuilder<Value | null>

const numericAttributes = new Set<string>(['iteration', 'created', 'started', 'ended', 'duration'])

export const isNumericField = (field: RunField): boolean =>
  field.scope === 'metrics' || (field.scope === 'attribute' && numericAttributes.has(field.name))
