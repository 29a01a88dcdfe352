import { AppError } from '@trainyard/contract'

const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1 / 1000,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}

/** A number, or a text as Kubernetes writes it: `500m`, `2Gi`, `1.5G`. `invalid_argument` names the resource. */
export function parseQuantity(written: number | string, resource: string): number {
  if (typeof written === 'number') return written
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]{0,2})$/.exec(written.trim())
  const factor = match === null ? undefined : factors[match[2]!]
  if (match === null || factor === undefined)
    throw new AppError(
      'invalid_argument',
      `resources.${resource}: "${written.slice(0, 50)}" is no quantity; write 2, 500m or 4Gi.`,
    )
  return Number(match[1]) * factor
}
