import { fromWireNumber } from '@trainyard/contract'

/** Numbers for the texts that stand for NaN and the infinities. */
export const toPoint = <Point extends { value: unknown }>(point: Point): Point & { value: number } => ({
  ...point,
  value: fromWireNumber(point.value) ?? Number.NaN,
})
