/** One row of the table that `npm run bench` prints. */
export interface Figure {
  name: string
  value: number
  unit: string
  /** Measured in the same run: what to compare between machines. */
  baseline?: number
  budget?: number
  higherIsBetter?: boolean
}

export const medianOf = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!
