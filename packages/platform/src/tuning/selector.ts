import { AppError, fromWireNumber, type JsonValue, type RunState } from '@trainyard/contract'

/** Which iteration is best: the one with the greatest or the smallest value of a result. */
export interface Selector {
  direction: 'maximize' | 'minimize'
  name: string
}

/** `max.accuracy`, `min.loss`, or a bare name, which means `max`. The name may have dots itself: `min.val.loss`. */
export const parseSelector = (text: string): Selector => {
  const trimmed = text.trim()
  const [, direction, name] = /^(max|min)\.(.*)$/is.exec(trimmed) ?? [undefined, 'max', trimmed]
  if (name === undefined || name.trim() === '') {
    throw new AppError(
      'invalid_argument',
      `Selector ${JSON.stringify(text)} names no result: write max.accuracy, min.loss, or a bare name.`,
    )
  }
  return { direction: direction?.toLowerCase() === 'min' ? 'minimize' : 'maximize', name }
}

export const printSelector = (selector: Selector): string =>
  `${selector.direction === 'minimize' ? 'min' : 'max'}.${selector.name}`

/** The part of a run record that the choice looks at. */
export interface IterationResult {
  id: string
  iteration: number
  state: RunState
  results: Readonly<Record<string, JsonValue>>
}

export type BestIteration<Child extends IterationResult> =
  | { kind: 'best'; child: Child; value: number }
  /** `message` is one sentence; `logged` are the names of the numbers that completed iterations did log. */
  | {
      kind: 'none'
      reason: 'no_iterations' | 'none_completed' | 'not_logged' | 'not_a_number'
      message: string
      logged: string[]
    }

/** A result as a number; `undefined` when it is missing or something else (true is not a number). May be NaN or infinite. */
export const numericResult = (results: Readonly<Record<string, JsonValue>>, name: string): number | undefined =>
  Object.hasOwn(results, name) ? fromWireNumber(results[name]) : undefined

/**
 * Negative when `left` is better. Finite beats infinite whatever the direction (a diverged loss must not win, a perplexity of
 * infinity neither); among infinities the direction decides; NaN is never better than anything.
 */
export const compareValues = (left: number, right: number, direction: Selector['direction']): number => {
  const rank = (value: number) => (Number.isNaN(value) ? 2 : Number.isFinite(value) ? 0 : 1)
  if (rank(left) !== rank(right)) return rank(left) - rank(right)
  if (left === right || Number.isNaN(left)) return 0
  return left < right === (direction === 'minimize') ? -1 : 1
}

/** The best completed iteration; ties go to the earliest. Iterations that failed or were stopped are passed over. */
export const bestIteration = <Child extends IterationResult>(
  selector: Selector,
  children: Iterable<Child>,
): BestIteration<Child> => {
  let best: { child: Child; value: number } | undefined
  const seen = { children: 0, completed: 0, logged: new Set<string>(), named: false }
  for (const child of children) {
    seen.children++
    if (child.state !== 'completed') continue
    seen.completed++
    const value = numericResult(child.results, selector.name)
    if (value === undefined) {
      for (const name of Object.keys(child.results)) if (numericResult(child.results, name) !== undefined) seen.logged.add(name)
      continue
    }
    seen.named = true
    if (Number.isNaN(value)) continue
    const order = best === undefined ? -1 : compareValues(value, best.value, selector.direction)
    if (best === undefined || order < 0 || (order === 0 && child.iteration < best.child.iteration)) best = { child, value }
  }
  return best === undefined ? none(selector, seen) : { kind: 'best', ...best }
}

const none = (
  selector: Selector,
  seen: { children: number; completed: number; logged: Set<string>; named: boolean },
): Extract<BestIteration<IterationResult>, { kind: 'none' }> => {
  const logged = [...seen.logged].sort()
  if (seen.children === 0) return { kind: 'none', reason: 'no_iterations', message: 'The sweep has no iterations.', logged }
  if (seen.completed === 0) {
    return { kind: 'none', reason: 'none_completed', message: `None of the ${seen.children} iterations completed.`, logged }
  }
  if (seen.named) {
    return { kind: 'none', reason: 'not_a_number', message: `Every completed iteration logged ${selector.name} as NaN.`, logged }
  }
  const what = logged.length === 0 ? 'they logged no numbers at all' : `they logged ${logged.slice(0, 20).join(', ')}`
  return {
    kind: 'none',
    reason: 'not_logged',
    message: `No iteration logged ${selector.name}, which the selector ${printSelector(selector)} asks for; ${what}.`,
    logged,
  }
}
