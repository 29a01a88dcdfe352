const listeners = new Set<() => void>()
let lit: string | null = null

/** The run that somebody points at, in a chart or in a legend: lit in every chart of the page. */
export const litRun = (): string | null => lit

export function lightRun(run: string | null): void {
  if (run === lit) return
  lit = run
  for (const listener of listeners) listener()
}

export function onLitRun(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
