import { fromWireNumber, type JsonValue, type WireNumber } from '@trainyard/contract'
import type { ReportedBatch } from '../../tracking/index.ts'

/** Where MLflow's clients and pages keep it too. */
export const noteLabel = 'mlflow.note.content'

export interface WrittenBatch {
  points?: { key: string; step: number; timeMs: number; value: WireNumber }[]
  parameters?: Record<string, JsonValue>
  labels?: Record<string, string | null>
}

/** Points with numbers for the texts that stand for NaN and the infinities. */
export const toBatch = ({ points = [], ...rest }: WrittenBatch): ReportedBatch => ({
  ...rest,
  points: points.map((each) => ({ ...each, value: fromWireNumber(each.value)! })),
})
